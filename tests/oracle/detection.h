// Which defects which checks notice, side by side: today's tolerances and the bounds of attest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "problem/dtype.h"
#include "tests/oracle/defects.h"

namespace attest::tests {

/// One way of telling a correct kernel from a wrong one.
enum class Check : std::uint8_t {
  kAllClose,     ///< |o - ref| <= tol + tol |ref|; 1e-3, for bf16 1e-2
  kTwice,        ///< FlashAttention: max |o - ref| <= 2 max |16-bit reference - ref| + 1e-5
  kNmse,         ///< llama.cpp: sum (o - ref)^2 <= 5e-4 sum ref^2
  kAnyOrder,     ///< bound of a kernel that declares its types only
  kDeclared,     ///< bound of one that declares its order too
  kStatistical,  ///< the same, with the statistical bound
  kLse,          ///< bound of the LSE, declared
};
inline constexpr std::size_t kNumChecks = 7;
std::string_view name_of(Check check);

/// Types of a kernel.
struct KernelClass {
  std::string_view name;
  problem::DType inputs, p, output;
  bool has_16_bit_reference() const { return inputs != problem::DType::kF32; }
};
std::array<KernelClass, 3> kernel_classes();

enum class DetectionData : std::uint8_t {
  kGaussian,
  kOneHotV,    ///< V_j is 1 in one lane, 0 in the others
  kPoisonedV,  ///< Gaussian, 1e4 where a tenth of the keys is hidden
};

/// What is measured: `cases` calls of `rows` query rows, kv_len keys, 64 lanes.
struct DetectionSetup {
  KernelClass kernel;
  DetectionData data = DetectionData::kGaussian;
  std::int64_t kv_len = 65;
  std::int64_t rows = 4;
  int cases = 12;
};

/// Share of the cases that a check flags, in percent, by Check. NaN: it does not apply.
using DetectionRates = std::array<double, kNumChecks>;

/// Rates for each of the defects. Deterministic.
std::vector<DetectionRates> detection_rates(const DetectionSetup& setup,
                                            const std::vector<Defect>& defects);

}  // namespace attest::tests
