// Stands in for CUDA's <cuda_pipeline.h>: the primitives over cp.async. A copy lands only when it
// is waited for, so that a missing wait shows as poison.
#pragma once
#pragma GCC system_header

#include "cuda_runtime.h"
#include "kernels/simt/device/async.h"

inline void __pipeline_memcpy_async(void* to, const void* from, std::size_t bytes,
                                    std::size_t zeros = 0,
                                    attest::simt::Site site = attest::simt::Site()) {
  attest::simt::start_async_copy(to, from, bytes, zeros, site);
}
inline void __pipeline_commit() { attest::simt::async_commit(); }
inline void __pipeline_wait_prior(std::size_t pending,
                                  attest::simt::Site site = attest::simt::Site()) {
  attest::simt::wait_async_copies(static_cast<std::uint32_t>(pending), site);
}
