// What all CUDA kernels declare alike, and how their host entries launch; each kernel adds its
// name, layouts, features and operations.
#pragma once

#include <cstdint>

#include "kernels/cuda/elements.cuh"
#include "kernels/cuda/entry.h"
#include "kernels/declare.h"

namespace attest::kernels::ATTEST_CUDA_BUILD {

/// Capabilities on q, k, v and o of the types of T.
template <typename T>
constexpr attest_capabilities cuda_capabilities(std::uint32_t layouts, std::uint64_t features) {
  return common_capabilities(
      ATTEST_CUDA_DEVICE, {kDtype<typename T::q>, kDtype<typename T::cache>, kDtype<typename T::o>},
      layouts, features);
}

/// A kernel without operations yet. No kernel here adds in an order that depends on which thread or
/// block comes first, or on other sequences: hence the promises. Sums are in f32, exponentials are
/// __expf: 2 + 1.173 |x| ulp (CUDA C++ Programming Guide, 1 ulp = 2 u).
template <typename T>
constexpr attest_kernel cuda_kernel(const char* name, const char* description,
                                    const attest_capabilities& capabilities) {
  attest_kernel kernel = common_kernel(name, description, capabilities);
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.numerics.exp_ulp = 4;
  kernel.numerics.exp_arg_ulp = 2.35;
  return kernel;
}

template <typename Call>
cudaStream_t stream_of(const Call& call) {
  return static_cast<cudaStream_t>(call.stream);
}

/// After a launch: whether it was one. What goes wrong later is found by whoever synchronises.
inline attest_status launched(attest_report* report) {
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? ATTEST_OK : leave(report, ATTEST_FAILED, cudaGetErrorString(error));
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
