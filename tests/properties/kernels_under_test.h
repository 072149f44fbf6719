// The built-in kernels as the tests of properties/ use them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/kernel_info.h"
#include "kernels/registry.h"
#include "kernels/session.h"

namespace attest::tests {

inline const std::vector<kernels::KernelInfo>& correct_kernels() {
  static const std::vector<kernels::KernelInfo> infos =
      kernels::select_kernels(kernels::builtin_infos(), {});
  return infos;
}

inline kernels::KernelInfo builtin(std::string_view name) {
  for (const kernels::KernelInfo& info : kernels::builtin_infos()) {
    if (info.name == name) return info;
  }
  ADD_FAILURE() << "no built-in kernel " << name;
  return {};
}

/// In a process of its own, as in a campaign.
inline std::unique_ptr<kernels::Session> open(
    const kernels::KernelInfo& info,
    std::chrono::milliseconds timeout = std::chrono::milliseconds(10'000)) {
  return kernels::open_session(info, {.timeout = timeout, .in_process = false});
}

}  // namespace attest::tests
