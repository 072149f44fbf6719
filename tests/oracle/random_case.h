// Small problems with every feature of the semantics, for the oracle's own tests. Hand-made:
// nothing here comes from the generators the oracle is used with.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::tests {

/// A stream of random numbers; the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  std::int64_t between(std::int64_t low, std::int64_t high);  ///< both included
  bool chance(int percent) { return between(1, 100) <= percent; }
  double uniform(double low, double high);
  double normal();  ///< mean 0, variance 1, |x| <= 6
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[between(0, static_cast<std::int64_t>(values.size()) - 1)];
  }

 private:
  std::uint64_t state_;
};

/// What the data is meant to provoke.
enum class Data {
  kNormal,
  kCoherent,     ///< q, k > 0: no cancellation in scores, errors add up
  kLargeScores,  ///< |t| in the hundreds and thousands
  kNearTies,     ///< scores equal up to a few ulp
  kNeedle,       ///< one key far above the rest
  kRising,       ///< every key moves the maximum
  kFalling,
  kLowScores,   ///< all scores far below 0
  kCancelling,  ///< values of alternating sign that nearly cancel
  kSubnormalV,
  kConstantV,
  kOneHotV,
};
inline constexpr int kNumData = 12;

struct RandomCase {
  problem::Problem problem;
  problem::Inputs inputs;
};

struct CaseLimits {
  problem::DType dtype = problem::DType::kF32;  ///< of q, k, v and o
  std::int64_t max_tokens = 24;
  std::int64_t max_dim = 12;
  bool masks = true;      ///< windows, chunks, trees, custom masks, start_pos
  bool modifiers = true;  ///< softcap, ALiBi, bias, sink, scales
};

/// Same arguments, same case.
RandomCase random_case(std::uint64_t seed, Data data, const CaseLimits& limits = {});

/// Elements holding these numbers.
problem::Elements elements_of(problem::DType type, std::initializer_list<double> values);

}  // namespace attest::tests
