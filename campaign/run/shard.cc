#include "campaign/run/shard.h"

#include <cstdlib>
#include <fstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "campaign/arguments.h"
#include "campaign/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

constexpr std::int64_t kMaxNumber = std::int64_t{1} << 40;

/// A variable that is set to nothing is not set: that is how job files switch one off.
std::optional<std::string> text_of(const Environment& environment, const char* name) {
  const char* text = environment(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return text;
}

std::optional<std::int64_t> number_of(const Environment& environment, const char* name,
                                      std::int64_t min, std::int64_t max) {
  const auto text = text_of(environment, name);
  if (!text) return std::nullopt;
  return parse_count(*text, name, min, max);
}

[[noreturn]] void lacks(const char* name, const char* partner) {
  throw UsageError(fmt::format("{} is set and {} is not: set both, or name the part with --shard",
                               name, partner));
}

/// Of engines that give an index and a count. `base`: the number of the first index.
std::optional<Shard> indexed(const Environment& environment, const char* index_name,
                             const char* count_name, std::int64_t base) {
  const auto count = number_of(environment, count_name, 1, kMaxShards);
  const auto index = number_of(environment, index_name, base, kMaxShards + base);
  if (!index && !count) return std::nullopt;
  if (!index) {
    // GitLab says CI_NODE_TOTAL=1 in every job that is not parallel.
    if (*count == 1) return std::nullopt;
    lacks(count_name, index_name);
  }
  if (!count) lacks(index_name, count_name);
  if (*index - base >= *count) {
    throw UsageError(fmt::format("{}: expected a number from {} to {}, got {}", index_name, base,
                                 *count - 1 + base, *index));
  }
  return Shard{*index - base, *count};
}

/// Indices of a Slurm array begin anywhere and may be some way apart.
std::optional<Shard> slurm(const Environment& environment) {
  constexpr const char* kId = "SLURM_ARRAY_TASK_ID";
  const auto id = number_of(environment, kId, 0, kMaxNumber);
  if (!id) return std::nullopt;
  const auto min = number_of(environment, "SLURM_ARRAY_TASK_MIN", 0, kMaxNumber);
  const auto count = number_of(environment, "SLURM_ARRAY_TASK_COUNT", 1, kMaxShards);
  if (!min) lacks(kId, "SLURM_ARRAY_TASK_MIN");
  if (!count) lacks(kId, "SLURM_ARRAY_TASK_COUNT");
  const std::int64_t step =
      number_of(environment, "SLURM_ARRAY_TASK_STEP", 1, kMaxNumber).value_or(1);
  const std::int64_t max =
      number_of(environment, "SLURM_ARRAY_TASK_MAX", 0, kMaxNumber).value_or(*id);
  const std::int64_t index = (*id - *min) / step;
  const bool even = *id >= *min && (*id - *min) % step == 0 && index < *count &&
                    (max == *id || max == *min + step * (*count - 1));
  if (!even) {
    throw UsageError(
        fmt::format("{}: {} is no part of an evenly spaced array of {} from {}: name the part with "
                    "--shard",
                    kId, *id, *count, *min));
  }
  return Shard{index, *count};
}

Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  try {
    if (slash != std::string::npos) {
      const std::string_view whole = text;
      const std::int64_t count = parse_count(whole.substr(slash + 1), "--shard", 1, kMaxShards);
      return {parse_count(whole.substr(0, slash), "--shard", 1, count) - 1, count};
    }
  } catch (const UsageError&) {  // said below, with the whole of it
  }
  throw UsageError(
      fmt::format("--shard: expected K/N with K from 1 to N and N up to {}, or off, "
                  "got '{}'",
                  kMaxShards, problem::printable(text)));
}

/// A test runner that asks for shards looks whether this file appears.
void touch_status_file(const Environment& environment) {
  const auto path = text_of(environment, "GTEST_SHARD_STATUS_FILE");
  if (!path) return;
  if (std::ofstream(*path, std::ios::app)) return;
  throw UsageError(
      fmt::format("GTEST_SHARD_STATUS_FILE: cannot write '{}'", problem::printable(*path, 400)));
}

}  // namespace

Environment process_environment() {
  return [](const char* name) { return std::getenv(name); };
}

ShardChoice shard_from(const Environment& environment, const std::optional<std::string>& argument) {
  if (argument) {
    if (*argument == "off") return {};
    return {parse_shard(*argument), "--shard"};
  }
  const std::pair<const char*, std::optional<Shard>> engines[] = {
      {"GoogleTest", indexed(environment, "GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS", 0)},
      {"Slurm", slurm(environment)},
      {"Kubernetes", indexed(environment, "JOB_COMPLETION_INDEX", "ATTEST_SHARDS", 0)},
      {"Buildkite",
       indexed(environment, "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0)},
      {"GitLab", indexed(environment, "CI_NODE_INDEX", "CI_NODE_TOTAL", 1)},
  };
  ShardChoice choice;
  for (const auto& [engine, shard] : engines) {
    if (!shard || shard->count == 1) continue;
    if (choice.source.empty()) {
      choice = {*shard, engine};
    } else if (!(choice.shard == *shard)) {
      throw UsageError(fmt::format("{} asks for part {} and {} for {}: name one with --shard",
                                   choice.source, shard_text(choice.shard), engine,
                                   shard_text(*shard)));
    }
  }
  touch_status_file(environment);
  return choice;
}

std::int64_t cases_in(const Shard& shard, std::uint64_t cases) {
  return (static_cast<std::int64_t>(cases) - shard.index + shard.count - 1) / shard.count;
}

std::string shard_text(const Shard& shard) {
  return fmt::format("{}/{}", shard.index + 1, shard.count);
}

}  // namespace attest::campaign
