#include "campaign/coverage.h"

#include <functional>

#include <fmt/format.h>

#include "campaign/table.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

using properties::all_labels;
using properties::LabelSet;

constexpr std::size_t kMissingShown = 12;  // per kernel

/// `declared` [labels] are the labels and `seen(a, b)` the pairs of one kernel.
Coverage count(const std::vector<LabelSet>& wanted,
               const std::function<bool(std::size_t, std::size_t)>& seen) {
  const auto labels = all_labels();
  Coverage coverage;
  for (std::size_t a = 0; a < labels.size(); ++a) {
    if (!wanted[a][a]) continue;
    ++coverage.labels;
    if (!seen(a, a)) {
      coverage.missing.push_back(name_of(labels[a]));
    } else {
      ++coverage.labels_seen;
    }
    for (std::size_t b = a + 1; b < labels.size(); ++b) {
      if (!wanted[a][b]) continue;
      ++coverage.pairs;
      if (seen(a, b)) {
        ++coverage.pairs_seen;
      } else if (seen(a, a) && seen(b, b)) {  // else one line says it
        coverage.missing.push_back(name_of(labels[a]) + " with " + name_of(labels[b]));
      }
    }
  }
  return coverage;
}

/// Row a holds b when the declaration admits cases with both; the diagonal, single labels.
std::vector<LabelSet> wanted_pairs(const kernels::KernelInfo& info) {
  const LabelSet declared = properties::declared_labels(info);
  std::vector<LabelSet> wanted(all_labels().size());
  for (std::size_t a = 0; a < wanted.size(); ++a) {
    for (std::size_t b = 0; b < wanted.size(); ++b) {
      wanted[a][b] = declared[a] && declared[b] && (a == b || properties::can_meet(a, b));
    }
  }
  return wanted;
}

/// Never "100 %" when something is missing.
std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  if (part == whole) return "100 %";
  return fmt::format(
      "{:.1f} %", std::min(99.9, 100.0 * static_cast<double>(part) / static_cast<double>(whole)));
}

std::string missing_text(const std::string& title, const Coverage& coverage) {
  if (coverage.missing.empty()) return {};
  std::string text = title + ":\n";
  for (std::size_t m = 0; m < coverage.missing.size(); ++m) {
    if (m == kMissingShown) {
      const auto more = static_cast<std::int64_t>(coverage.missing.size() - kMissingShown);
      return text + fmt::format("  and {} more\n", grouped(more));
    }
    text += "  " + coverage.missing[m] + "\n";
  }
  return text;
}

}  // namespace

CoverageMap::CoverageMap(std::size_t kernels, const std::optional<std::filesystem::path>& file)
    // Fresh memory is zero, and so is a new atomic.
    : memory_(kernels * properties::kMaxLabels * sizeof(Row), file),
      rows_(reinterpret_cast<Row*>(memory_.data())) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
}

bool CoverageMap::add(std::size_t kernel, const LabelSet& labels) const {
  bool anything_new = false;
  std::uint64_t words[kWords];
  const LabelSet low(~std::uint64_t{0});
  for (std::size_t w = 0; w < kWords; ++w) words[w] = ((labels >> (64 * w)) & low).to_ullong();
  for (std::size_t w = 0; w < kWords; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      Row& to = row(kernel, 64 * w + static_cast<std::size_t>(__builtin_ctzll(rest)));
      for (std::size_t i = 0; i < kWords; ++i) {
        // Nearly always all there already: a load is cheaper than an atomic or.
        if ((words[i] & ~to[i].load(std::memory_order_relaxed)) == 0) continue;
        to[i].fetch_or(words[i], std::memory_order_relaxed);
        anything_new = true;
      }
    }
  }
  return anything_new;
}

bool CoverageMap::seen(std::size_t kernel, std::size_t a, std::size_t b) const {
  return (row(kernel, a)[b / 64].load(std::memory_order_relaxed) >> (b % 64) & 1) != 0;
}

std::vector<LabelSet> wanted_anywhere(const std::vector<kernels::KernelInfo>& kernels) {
  std::vector<LabelSet> anywhere(all_labels().size());
  for (const kernels::KernelInfo& kernel : kernels) {
    const std::vector<LabelSet> wanted = wanted_pairs(kernel);
    for (std::size_t a = 0; a < wanted.size(); ++a) anywhere[a] |= wanted[a];
  }
  return anywhere;
}

CampaignCoverage measure(const CoverageMap& map, const std::vector<kernels::KernelInfo>& kernels) {
  CampaignCoverage coverage;
  for (std::size_t kernel = 0; kernel < kernels.size(); ++kernel) {
    coverage.kernels.push_back(
        count(wanted_pairs(kernels[kernel]),
              [&](std::size_t a, std::size_t b) { return map.seen(kernel, a, b); }));
  }
  coverage.all = count(wanted_anywhere(kernels), [&](std::size_t a, std::size_t b) {
    for (std::size_t kernel = 0; kernel < kernels.size(); ++kernel) {
      if (map.seen(kernel, a, b)) return true;
    }
    return false;
  });
  return coverage;
}

std::string coverage_line(const CampaignCoverage& coverage) {
  const Coverage& all = coverage.all;
  if (all.labels == 0) return {};
  return fmt::format("coverage: {} of {} labels, {} of {} pairs of labels ({})\n",
                     grouped(all.labels_seen), grouped(all.labels), grouped(all.pairs_seen),
                     grouped(all.pairs), percent(all.pairs_seen, all.pairs));
}

std::string coverage_table(const CampaignCoverage& coverage,
                           const std::vector<kernels::KernelInfo>& kernels) {
  std::vector<std::vector<std::string>> rows{{"coverage", "labels", "of", "pairs", "of", ""}};
  std::string missing;
  if (kernels.size() > 1) missing += missing_text("no kernel met", coverage.all);
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const Coverage& kernel = coverage.kernels[i];
    if (kernel.labels == 0) continue;
    const std::string name = problem::printable(kernels[i].name);
    rows.push_back({name, grouped(kernel.labels_seen), grouped(kernel.labels),
                    grouped(kernel.pairs_seen), grouped(kernel.pairs),
                    percent(kernel.pairs_seen, kernel.pairs)});
    missing += missing_text(name + " did not meet", kernel);
  }
  return table_text(rows) + missing;
}

}  // namespace attest::campaign
