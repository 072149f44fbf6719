#include "oracle/rotary.h"

#include <algorithm>
#include <cmath>

#include "oracle/arithmetic.h"
#include "oracle/bound_terms.h"
#include "oracle/fpenv.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::DType;

/// Two products and their rounding errors, added up in double: all but what is left out here.
constexpr double kLeftOut = 0x1p-100;

bool holds(DType type, double value, double tiny) {
  return value == 0 || (problem::round_to(type, value) == value && std::abs(value) >= tiny);
}

/// a * c + b * s
TurnedLane lane_of(double a, double c, double b, double s, const Arithmetic& kernel, DType stored) {
  const double p = a * c;
  const double q = b * s;
  const double p_low = std::fma(a, c, -p);
  const double q_low = std::fma(b, s, -q);
  const double sum = p + q;
  const double virtual_q = sum - p;
  const double sum_low = (p - (sum - virtual_q)) + (q - virtual_q);
  const double low = sum_low + (p_low + q_low);
  const double size = std::abs(p) + std::abs(q);

  TurnedLane lane;
  lane.reference.value = sum + low;
  lane.reference.low = low - (lane.reference.value - sum);
  lane.exact = low == 0 && p_low == 0 && q_low == 0 && holds(stored, p, kernel.tiny) &&
               holds(stored, q, kernel.tiny) && holds(stored, sum, kernel.tiny);
  lane.reference.ball = low == 0 ? 0 : kLeftOut * size + 4 * kSmallestDouble;
  // Inputs, products and the sum may each be flushed to zero.
  const double floor = kernel.tiny * (3 + std::abs(c) + std::abs(s));
  lane.reference.bound = lane.exact ? 0 : gamma_of(2, kernel.u) * size + floor;
  return lane;
}

}  // namespace

std::vector<TurnedLane> turn(const problem::Rotary& rotary, std::int64_t position,
                             std::span<const double> x, const problem::Numerics& numerics,
                             DType stored) {
  const DefaultFpEnv environment;
  const Arithmetic kernel = arithmetic_of(numerics, stored, 0);
  std::vector<TurnedLane> lanes(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) lanes[i].reference.value = x[i];
  for (std::int64_t i = 0; i < rotary.dim / 2; ++i) {
    const auto [first, second] = rotary.pair(i);
    const double a = x[static_cast<std::size_t>(first)];
    const double b = x[static_cast<std::size_t>(second)];
    const auto at = static_cast<std::size_t>(position * (rotary.dim / 2) + i);
    const double c = rotary.cos.value(at);
    const double s = rotary.sin.value(at);
    lanes[static_cast<std::size_t>(first)] = lane_of(a, c, b, -s, kernel, stored);
    lanes[static_cast<std::size_t>(second)] = lane_of(a, s, b, c, kernel, stored);
  }
  return lanes;
}

}  // namespace attest::oracle
