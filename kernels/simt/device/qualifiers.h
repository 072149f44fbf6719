// CUDA's keywords, as far as they are macros. The rewriter deals with __shared__ and launches.
#pragma once

#ifdef __CUDACC__
#error \
    "these headers stand in for CUDA's on the CPU: keep kernels/simt/compat off nvcc's include path"
#endif

#include <memory>  // before __noinline__ is a macro: libstdc++ has it as a word

/// Defined where a .cu file is compiled for the CPU.
#define ATTEST_SIMT 1

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __maxnreg__(registers)

#define __shared__                                                                             \
  static_assert(false,                                                                         \
                "attest: __shared__ in a macro, or in a header that is not among the HEADERS " \
                "of attest_add_cuda_kernel()");
