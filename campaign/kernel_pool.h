// The kernels of a campaign, opened when they are needed.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "campaign/history.h"
#include "kernels/session.h"
#include "properties/harness.h"

namespace attest::campaign {

/// kernels::open_session, or what a test puts in its place.
using OpenSession = std::function<std::unique_ptr<kernels::Session>(
    const kernels::KernelInfo&, const kernels::SessionOptions&)>;

/// One session per kernel, of which the most recently used few stay open: each costs a process.
class KernelPool {
 public:
  static constexpr std::size_t kMostOpen = 4;

  /// `kernels` must outlive the pool. An empty `open` means kernels::open_session.
  KernelPool(const std::vector<kernels::KernelInfo>& kernels, kernels::SessionOptions options,
             OpenSession open = {});

  /// Valid until the next call. Throws: PluginError when the kernel cannot be opened.
  properties::Harness& harness(std::size_t kernel);
  /// Of the session that harness() gave last: for those who tell it what they run.
  History& history() { return recent_.front().history; }

 private:
  struct Open {
    std::size_t kernel;
    std::unique_ptr<kernels::Session> session;
    std::unique_ptr<properties::Harness> harness;
    History history = {};
  };
  const std::vector<kernels::KernelInfo>& kernels_;
  kernels::SessionOptions options_;
  OpenSession open_;
  std::list<Open> recent_;  ///< most recently used first
};

}  // namespace attest::campaign
