// The same source is compiled several times (cmake/AttestCudaKernel.cmake): by nvcc for a device,
// as kernels cuda/...; and by the C++ compiler for the SIMT executor (kernels/simt), as kernels
// that run on the CPU: simt/... as they are, check/... with every memory access looked at. All that
// differs is here.
#pragma once

#include "kernels/attest_kernel.h"

#define ATTEST_CUDA_PREFIX_plain "simt/"
#define ATTEST_CUDA_PREFIX_asan "asan/"
#define ATTEST_CUDA_PREFIX_check "check/"
#define ATTEST_CUDA_PREFIX_cuda "cuda/"
#define ATTEST_CUDA_PREFIX_OF(mode) ATTEST_CUDA_PREFIX_##mode
#define ATTEST_CUDA_PREFIX(mode) ATTEST_CUDA_PREFIX_OF(mode)
#define ATTEST_CUDA_NAME(name) ATTEST_CUDA_PREFIX(ATTEST_CUDA_MODE) name

#if defined(__CUDACC__)
#define ATTEST_CUDA_BUILD cuda
#define ATTEST_CUDA_DEVICE ATTEST_CUDA
#else
#define ATTEST_CUDA_BUILD simt
#define ATTEST_CUDA_DEVICE ATTEST_CPU
#endif
