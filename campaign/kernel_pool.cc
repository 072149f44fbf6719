#include "campaign/kernel_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace attest::campaign {

KernelPool::KernelPool(const std::vector<kernels::KernelInfo>& kernels,
                       kernels::SessionOptions options, OpenSession open)
    : kernels_(kernels), options_(options), open_(std::move(open)) {
  if (!open_) {
    open_ = [](const kernels::KernelInfo& info, const kernels::SessionOptions& how) {
      return kernels::open_session(info, how);
    };
  }
}

properties::Harness& KernelPool::harness(std::size_t kernel) {
  const auto found = std::find_if(recent_.begin(), recent_.end(),
                                  [&](const Open& open) { return open.kernel == kernel; });
  if (found != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, found);
    return *recent_.front().harness;
  }
  while (recent_.size() >= kMostOpen) recent_.pop_back();
  kernels::SessionOptions options = options_;
  if (kernels_[kernel].capabilities.device != ATTEST_CUDA) options.service = nullptr;
  auto session = open_(kernels_[kernel], options);
  auto harness = std::make_unique<properties::Harness>(*session);
  recent_.push_front({kernel, std::move(session), std::move(harness)});
  return *recent_.front().harness;
}

}  // namespace attest::campaign
