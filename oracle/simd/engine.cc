#include "oracle/simd/engine.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "problem/errors.h"

namespace attest::oracle::simd {

#if defined(ATTEST_SIMD_X86)
extern const Engine kAvx512Engine;
extern const Engine kAvx2Engine;
#endif
extern const Engine kPortableEngine;

namespace {

constexpr std::int64_t kAlignment = 8;  // doubles in 64 bytes

std::int64_t aligned(std::int64_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

const Engine* best_engine() {
  for (const char* name : {"avx512", "avx2"}) {
    if (const Engine* found = find_engine(name)) return found;
  }
  return &kPortableEngine;
}

const Engine& choose_engine() {
  const char* wanted = std::getenv("ATTEST_SIMD");
  if (wanted == nullptr || *wanted == '\0') return *best_engine();
  if (const Engine* found = find_engine(wanted)) return *found;
  throw ContractError(std::string("ATTEST_SIMD=") + wanted +
                      ": expected avx512, avx2 or portable, and one this machine has");
}

}  // namespace

std::int64_t keys_size(const Keys& keys) {
  const std::int64_t padded = panels(keys.count) * kPanel, lanes = panels(keys.dim_v) * kPanel;
  return padded * keys.dim_qk + lanes * padded + padded + aligned(panels(keys.count)) + lanes;
}

void place_keys(Keys& keys, double* memory) {
  const std::int64_t padded = panels(keys.count) * kPanel, lanes = panels(keys.dim_v) * kPanel;
  keys.k = memory;
  keys.v = keys.k + padded * keys.dim_qk;
  keys.norm_k = keys.v + lanes * padded;
  keys.panel_norm_k = keys.norm_k + padded;
  keys.max_v = keys.panel_norm_k + aligned(panels(keys.count));
}

std::int64_t scratch_size(const Keys& keys) {
  return kBlockRows * kPanel * 2 * (panels(keys.count) + panels(keys.dim_v)) +
         aligned(kBlockRows) * keys.dim_qk;
}

const Engine& engine() {
  static const Engine& chosen = choose_engine();
  return chosen;
}

const Engine* find_engine(const char* name) {
  const std::string_view wanted = name;
#if defined(ATTEST_SIMD_X86)
  if (wanted == "avx512") {
    const bool have = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return have ? &kAvx512Engine : nullptr;
  }
  if (wanted == "avx2") {
    const bool have = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return have ? &kAvx2Engine : nullptr;
  }
#endif
  return wanted == "portable" ? &kPortableEngine : nullptr;
}

}  // namespace attest::oracle::simd
