// cases.jsonl of shards, joined in the order of pairs and then of k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

inline constexpr std::string_view kCasesFile = "cases.jsonl";

/// Joins <folder>/cases.jsonl of every run that has one into `path`, without lines beyond the first
/// failure of a pair of `merged`, unless that kept going. Reads and writes line by line, so that
/// size is no matter. Throws: CorpusError for a line that is none, is out of order or belongs to no
/// pair; SystemError when `path` cannot be written.
void merge_cases(const std::vector<std::filesystem::path>& folders, const RunRecord& merged,
                 const std::filesystem::path& path);

}  // namespace attest::campaign
