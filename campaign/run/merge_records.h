// Records of shards joined to the record of the run they are parts of. Without files: merge.h has
// those.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

/// A record and the name of its folder, for messages.
struct NamedRecord {
  std::string name;
  RunRecord record;
};

struct MergedRecords {
  RunRecord record;
  std::vector<std::string> notes;  ///< shards that are missing or did not finish, a line each
  /// Which of the runs a failure or a suspicion, with its file, was taken from.
  std::vector<std::size_t> failure_from, suspicion_from;
};

/// What one run of all the shards would have recorded: counts are added up, a pair that fails
/// (and does not keep going) counts up to its smallest k, failures of one kernel and signature are
/// one. Failures that a single run would not have reached (other signatures of a pair, after its
/// first failure) are kept. Missing and unfinished shards are noted, and leave the record
/// unfinished. Throws: UsageError, naming both folders, for runs that are not parts of one run, and
/// for a shard that comes twice.
MergedRecords merge_records(const std::vector<NamedRecord>& runs);

}  // namespace attest::campaign
