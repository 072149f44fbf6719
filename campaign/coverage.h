// Which labels of cases (properties/labels.h), and which pairs of them, a campaign has judged.
// Counted by all lanes in memory they share; lock-free.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/shared_memory.h"
#include "kernels/kernel_info.h"
#include "properties/labels.h"

namespace attest::campaign {

class CoverageMap {
 public:
  /// With a file that holds a map of this size: that one, as it was left.
  /// Throws: SystemError without memory, or room on the disk.
  explicit CoverageMap(std::size_t kernels, const std::optional<std::filesystem::path>& file = {});

  /// A case with these labels was judged on the kernel. Returns whether any pair of them is new.
  bool add(std::size_t kernel, const properties::LabelSet& labels) const;
  /// Whether one judged case had both; with a == b, whether one had the label.
  bool seen(std::size_t kernel, std::size_t a, std::size_t b) const;

 private:
  static constexpr std::size_t kWords = properties::kMaxLabels / 64;
  static_assert(properties::kMaxLabels % 64 == 0);
  using Row = std::atomic<std::uint64_t>[kWords];

  Row& row(std::size_t kernel, std::size_t label) const {
    return rows_[kernel * properties::kMaxLabels + label];
  }

  SharedMemory memory_;
  Row* rows_;
};

/// Of one kernel, or of all: labels and pairs that the declarations admit, and those seen. A pair
/// of all kernels is seen when it is on one of them.
struct Coverage {
  std::int64_t labels = 0, labels_seen = 0;
  std::int64_t pairs = 0, pairs_seen = 0;
  std::vector<std::string> missing;  ///< "kv_len: 0", or "kv_len: 0 with softcap: on"
};

struct CampaignCoverage {
  std::vector<Coverage> kernels;  ///< in the order of the campaign; no labels where nothing attends
  Coverage all;
};

/// Row a holds b when the declaration of one of `kernels` admits cases with both labels; on the
/// diagonal, single ones.
std::vector<properties::LabelSet> wanted_anywhere(const std::vector<kernels::KernelInfo>& kernels);

CampaignCoverage measure(const CoverageMap& map, const std::vector<kernels::KernelInfo>& kernels);

/// The line that ends every campaign.
std::string coverage_line(const CampaignCoverage& coverage);
/// A row per kernel, and what is missing.
std::string coverage_table(const CampaignCoverage& coverage,
                           const std::vector<kernels::KernelInfo>& kernels);

}  // namespace attest::campaign
