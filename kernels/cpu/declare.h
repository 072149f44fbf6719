// What all CPU kernels declare alike; each kernel adds its name, layouts, features and operations.
#pragma once

#include <cstdint>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/element_types.h"
#include "kernels/declare.h"

namespace attest::kernels::cpu {

/// Capabilities on q, k, v and o of the types of T.
template <typename T>
constexpr attest_capabilities cpu_capabilities(std::uint32_t layouts, std::uint64_t features) {
  return common_capabilities(ATTEST_CPU,
                             {abi_dtype<Query<T>>(), abi_dtype<Cache<T>>(), abi_dtype<Output<T>>()},
                             layouts, features);
}

/// A kernel without operations yet. All run on one thread, row by row, in an order that depends on
/// the row's own sequence only: hence the promises.
template <typename T>
constexpr attest_kernel cpu_kernel(const char* name, const char* description,
                                   const attest_capabilities& capabilities) {
  attest_kernel kernel = common_kernel(name, description, capabilities);
  kernel.numerics.accumulate = abi_dtype<Compute<T>>();
  kernel.numerics.preset = "cpu_scalar";
  if (kIsSmall<Probability<T>>) {
    kernel.numerics.p_dtype_plus_1 = abi_dtype<Probability<T>>() + 1;
    kernel.numerics.p_scale_log2 = kProbabilityScaleLog2<Probability<T>>;
  }
  return kernel;
}

}  // namespace attest::kernels::cpu
