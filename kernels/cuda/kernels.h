// The CUDA kernels as each mode of their build gives them (build.cuh).
#pragma once

#include <cstddef>

#include "kernels/attest_kernel.h"

extern "C" {
const attest_kernel* const* attest_cuda_kernels_plain(std::size_t* count);  ///< simt/...
const attest_kernel* const* attest_cuda_kernels_check(std::size_t* count);  ///< check/...
const attest_kernel* const* attest_cuda_kernels_cuda(std::size_t* count);   ///< cuda/..., by nvcc
}
