#include "oracle/simd/bound_pass.h"

#include <string_view>

namespace attest::oracle::simd {

#if defined(ATTEST_SIMD_X86)
extern const BoundEngine kAvx512BoundEngine;
extern const BoundEngine kAvx2BoundEngine;
#endif
extern const BoundEngine kPortableBoundEngine;

std::int64_t bound_keys_size(const Keys& keys, bool exact_sizes) {
  const std::int64_t padded = panels(keys.count) * kPanel;
  return padded * (panels(keys.dim_v) * kPanel + (exact_sizes ? keys.dim_qk : 0) + 4);
}

void place_bound_keys(const Keys& keys, bool exact_sizes, float* memory, BoundKeys& to) {
  const std::int64_t padded = panels(keys.count) * kPanel;
  to.keys = &keys;
  to.v = memory;
  to.norm1 = to.v + padded * panels(keys.dim_v) * kPanel;
  to.norm2 = to.norm1 + padded;
  to.norm_max = to.norm2 + padded;
  to.norm_squares = to.norm_max + padded;
  to.abs_k = exact_sizes ? to.norm_squares + padded : nullptr;
}

std::int64_t bound_work_size(const Keys& keys) {
  const std::int64_t key_panels = panels(keys.count);
  const std::int64_t over_keys = key_panels * kBlockRows * kPanel;
  const std::int64_t over_outputs = panels(keys.dim_v) * kBlockRows * kPanel;
  return 5 * over_keys + kNumLaneSums * over_outputs + keys.dim_qk * kBlockRows +
         key_panels * kBlockRows + key_panels * kPanel / 4 + 32;
}

void place_bound_work(const Keys& keys, BoundWork& work) {
  const std::int64_t over_keys = panels(keys.count) * kBlockRows * kPanel;
  const std::int64_t over_outputs = panels(keys.dim_v) * kBlockRows * kPanel;
  work.size = work.memory;
  work.around = work.size + over_keys;
  work.weight = work.around + over_keys;
  work.deviation = work.weight + over_keys;
  work.tilt = work.deviation + over_keys;
  work.sums = work.tilt + over_keys;
  work.q = work.sums + kNumLaneSums * over_outputs;
  work.panel_most = work.q + keys.dim_qk * kBlockRows;
  work.steps = reinterpret_cast<unsigned char*>(work.panel_most + panels(keys.count) * kBlockRows);
}

const BoundEngine& bound_engine(const Engine& engine) {
#if defined(ATTEST_SIMD_X86)
  if (engine.name == std::string_view("avx512")) return kAvx512BoundEngine;
  if (engine.name == std::string_view("avx2")) return kAvx2BoundEngine;
#endif
  return kPortableBoundEngine;
}

}  // namespace attest::oracle::simd
