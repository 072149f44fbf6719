// coverage.json of a run folder: which labels of cases, and which pairs of them, were met on which
// kernel. By name, so that a file outlives the numbers of labels. docs/run-folder.md has the
// format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/coverage.h"
#include "kernels/kernel_info.h"

namespace attest::campaign {

inline constexpr std::string_view kCoverageFile = "coverage.json";

/// What one kernel met.
struct MetLabels {
  std::string kernel;
  std::set<std::string> labels;
  /// Pairs (a, b) as a -> b; a comes first in all_labels().
  std::map<std::string, std::set<std::string>> pairs;
  friend bool operator==(const MetLabels&, const MetLabels&) = default;
};

/// The contents of `map` [kernels], without what no declaration among `kernels` admits, so that the
/// counts of a file are those of measure(map, kernels).all.
std::vector<MetLabels> met_labels(const CoverageMap& map,
                                  const std::vector<kernels::KernelInfo>& kernels);

/// Notes in `map` [kernels] what is in `met`. Labels and kernels that are unknown here are left
/// out.
void add_to(const CoverageMap& map, const std::vector<kernels::KernelInfo>& kernels,
            const std::vector<MetLabels>& met);

/// Adds `more` to `all`, kernel by kernel; kernels that are new come at the end.
void merge_met(std::vector<MetLabels>& all, const std::vector<MetLabels>& more);

/// Distinct labels and pairs met on any kernel.
struct MetCounts {
  std::int64_t labels = 0, pairs = 0;
};
MetCounts count_met(const std::vector<MetLabels>& met);

/// coverage.json as text: equal contents give equal bytes.
std::string write_coverage(const std::vector<MetLabels>& met);
/// Throws: CorpusError with one line for anything that write_coverage would not have written.
std::vector<MetLabels> parse_coverage(std::string_view text, const std::string& path);

/// <folder>/coverage.json. Throws: CorpusError.
std::vector<MetLabels> read_coverage(const std::filesystem::path& folder);
/// Writes <folder>/coverage.json: all of it or nothing. Throws: SystemError.
void save_coverage(const std::vector<MetLabels>& met, const std::filesystem::path& folder);

}  // namespace attest::campaign
