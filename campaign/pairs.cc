// Which pairs of a kernel and a property a campaign has, which cases each of them gets, and in how
// many lanes.
#include <algorithm>
#include <chrono>
#include <thread>

#include "campaign/campaign.h"

namespace attest::campaign {
namespace {

int cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace

std::vector<Pair> make_pairs(const Options& options) {
  std::vector<Pair> pairs;
  for (std::size_t kernel = 0; kernel < options.kernels.size(); ++kernel) {
    for (const properties::Property* property : options.properties) {
      if (options.exhaustive && property->scope_size == nullptr) continue;
      if (property->applies(options.kernels[kernel])) pairs.push_back({kernel, property});
    }
  }
  return pairs;
}

problem::Case case_of(const Options& options, const Pair& pair, std::uint64_t k) {
  const kernels::KernelInfo& kernel = options.kernels[pair.kernel];
  return options.exhaustive ? properties::scope_case(*pair.property, kernel, k)
                            : properties::draw_case(*pair.property, kernel, options.seed, k);
}

std::vector<problem::Case> draw_history(const Options& options, const std::vector<Pair>& pairs,
                                        const std::vector<Past>& history) {
  std::vector<problem::Case> cases;
  cases.reserve(history.size());
  for (const Past& past : history) cases.push_back(case_of(options, pairs[past.pair], past.k));
  return cases;
}

std::optional<std::uint64_t> cases_of(const Options& options, const std::vector<Pair>& pairs,
                                      std::size_t index) {
  const Pair& pair = pairs[index];
  if (options.exhaustive) return pair.property->scope_size(options.kernels[pair.kernel]);
  if (options.cases) return static_cast<std::uint64_t>(*options.cases);
  if (!options.total_cases) return std::nullopt;
  const auto all = static_cast<std::uint64_t>(*options.total_cases);
  return all / pairs.size() + (index < all % pairs.size() ? 1 : 0);
}

kernels::SessionOptions session_of(const Options& options, int jobs) {
  constexpr auto kPatience = std::chrono::microseconds(200);
  kernels::SessionOptions session = options.session;
  if (2 * jobs <= cores()) session.patience = kPatience;
  return session;
}

bool runs_on_device(const Options& options) {
  return std::any_of(
      options.kernels.begin(), options.kernels.end(),
      [](const kernels::KernelInfo& info) { return info.capabilities.device == ATTEST_CUDA; });
}

bool opens_slowly(const Options& options) {
  return runs_on_device(options) && options.kernels.size() > KernelPool::kMostOpen;
}

int lanes_of(const Options& options) {
  if (options.session.in_process) return 1;
  if (options.jobs > 0) return options.jobs;
  return runs_on_device(options) ? std::min(cores(), kDeviceLanes) : cores();
}

std::uint64_t case_number(const Options& options, int jobs, int lane, std::uint64_t i) {
  const auto index = static_cast<std::uint64_t>(options.shard.index);
  const auto count = static_cast<std::uint64_t>(options.shard.count);
  return index + count * (static_cast<std::uint64_t>(lane) + static_cast<std::uint64_t>(jobs) * i);
}

}  // namespace attest::campaign
