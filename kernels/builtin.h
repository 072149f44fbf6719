// The kernels that come with attest. An explicit list: no registration before main, a fixed order.
#pragma once

#include <span>

#include "kernels/attest_kernel.h"

namespace attest::kernels {

/// All correct kernels, then all planted ones.
std::span<const attest_kernel* const> builtin_kernels();

/// Whether a built-in kernel is CUDA code that runs on the SIMT executor.
bool runs_on_executor(const attest_kernel& kernel);

}  // namespace attest::kernels
