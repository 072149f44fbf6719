// Run folders of shards joined to the folder that one undivided run would have left (attest merge).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

struct MergeOptions {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out;                     ///< must not exist, or be an empty folder
  std::optional<std::filesystem::path> waivers;  ///< judged again over the whole
  std::vector<std::string> arguments;            ///< as they were typed
};

struct MergeResult {
  RunRecord record;
  std::vector<std::string> notes;  ///< shards that are missing or did not finish, a line each
};

/// Writes <out>: run.json, cases.jsonl, coverage.json, failures and junit.xml of all runs together.
/// It is built beside `out` under another name and then renamed: whole, or not there.
/// Throws: UsageError for runs that are not parts of one run (merge_records) and for an `out` with
/// something in it; CorpusError for a broken run folder; SystemError when it cannot be written.
MergeResult merge_runs(const MergeOptions& options);

}  // namespace attest::campaign
