// The probes that this machine can run.
#pragma once

#include <vector>

#include "tests/oracle/simd_math_probe.h"

namespace attest::tests {

inline std::vector<const SimdProbe*> simd_probes() {
  std::vector<const SimdProbe*> probes = {&kPortableProbe};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    probes.push_back(&kAvx2Probe);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("fma"))
    probes.push_back(&kAvx512Probe);
#endif
  return probes;
}

}  // namespace attest::tests
