// Which part of a campaign this machine does: from --shard, or from the variables that job engines
// set. docs/many-machines.md lists them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "campaign/run/record.h"

namespace attest::campaign {

inline constexpr std::int64_t kMaxShards = 65'536;

/// The value of an environment variable, or null.
using Environment = std::function<const char*(const char* name)>;
/// std::getenv.
Environment process_environment();

struct ShardChoice {
  Shard shard;
  std::string source;  ///< "--shard", "Slurm", ...; empty: nobody asked for a part
};

/// The shard that `argument` names ("3/8", counted from 1; "off" for all cases), or without an
/// argument the one of the environment: GoogleTest, Slurm arrays, Kubernetes Indexed Jobs with
/// ATTEST_SHARDS, Buildkite, GitLab. An engine that runs a single job asks for nothing. Touches
/// GTEST_SHARD_STATUS_FILE where it heeds the environment.
/// Throws: UsageError, naming the option or the variable, for what is no shard, for a variable
/// without its partner, and when two engines ask for different shards.
ShardChoice shard_from(const Environment& environment, const std::optional<std::string>& argument);

/// How many of the cases k < `cases` of a pair are the shard's.
std::int64_t cases_in(const Shard& shard, std::uint64_t cases);

/// "3/8", as after --shard.
std::string shard_text(const Shard& shard);

}  // namespace attest::campaign
