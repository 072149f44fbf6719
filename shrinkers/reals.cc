#include "shrinkers/reals.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace attest::shrinkers {
namespace {

constexpr std::int64_t kNegativeZero = 3;
constexpr std::int64_t kLargestSmallInteger = 16;
constexpr std::int64_t kPowerOfTwo = 64;        // above the cost of every small integer
constexpr std::int64_t kPerMantissaBit = 4096;  // above the cost of every power of two
constexpr std::int64_t kInfinity = std::int64_t{1} << 18;

// `magnitude` is finite and positive, and equals 1.xxx * 2^exponent with `bits` significant bits.
struct Binary {
  int exponent;
  int bits;
};

Binary binary_of(double magnitude) {
  int exponent = 0;
  double fraction = std::frexp(magnitude, &exponent);  // in [1/2, 1)
  int bits = 0;
  while (fraction != 0.0) {
    fraction *= 2.0;
    fraction -= std::floor(fraction);
    ++bits;
  }
  return {exponent - 1, bits};
}

// The number cut to its `bits` leading significant bits, toward zero.
double leading_bits(double value, int bits) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::trunc(std::ldexp(fraction, bits)), exponent - bits);
}

}  // namespace

std::int64_t cost_of(double value) {
  if (std::isnan(value)) return kInfinity + 2;
  const std::int64_t negative = std::signbit(value) ? 1 : 0;
  if (std::isinf(value)) return kInfinity + negative;
  const double magnitude = std::fabs(value);
  if (magnitude == 0.0) return negative * kNegativeZero;
  if (magnitude == 1.0) return 1 + negative;
  if (magnitude <= kLargestSmallInteger && magnitude == std::floor(magnitude)) {
    return 2 * static_cast<std::int64_t>(magnitude) + negative;
  }
  const Binary binary = binary_of(magnitude);
  const std::int64_t detail = 2 * std::abs(binary.exponent) + negative;
  if (binary.bits == 1) return kPowerOfTwo + detail;
  return kPerMantissaBit * binary.bits + detail;
}

std::int64_t cost_of_factor(double value) {
  if (value == 1.0) return 0;
  return value == 0.0 ? 1 + cost_of(value) : cost_of(value);
}

std::vector<double> simpler_factors_than(double value) {
  if (value == 1.0) return {};
  std::vector<double> factors = simpler_than(value);
  std::erase(factors, 0.0);
  if (value == 0.0) factors.insert(factors.begin(), 1.0);
  return factors;
}

std::vector<double> simpler_than(double value) {
  const std::int64_t cost = cost_of(value);
  std::vector<double> tries = {0.0, 1.0, -1.0};
  if (std::isfinite(value)) {
    tries.push_back(-value);
    if (std::fabs(value) <= kLargestSmallInteger) {
      tries.push_back(std::trunc(value));
      if (value == std::trunc(value)) tries.push_back(std::trunc(value / 2.0));
      if (std::fabs(value) > 1.0 && value == std::trunc(value)) {
        tries.push_back(value - std::copysign(1.0, value));
      }
    }
    for (const int bits : {1, 2, 4, 8}) tries.push_back(leading_bits(value, bits));
    const double power = leading_bits(value, 1);
    if (std::fabs(power) > kLargestSmallInteger || std::fabs(power) < 0.5) {
      tries.push_back(std::ldexp(1.0, std::ilogb(value == 0.0 ? 1.0 : value) / 2));
    }
  } else if (std::isinf(value)) {
    tries.push_back(-value);
  }

  std::vector<double> simpler;
  for (const double candidate : tries) {
    if (cost_of(candidate) < cost) simpler.push_back(candidate);
  }
  std::stable_sort(simpler.begin(), simpler.end(),
                   [](double a, double b) { return cost_of(a) < cost_of(b); });
  simpler.erase(std::unique(simpler.begin(), simpler.end(),
                            [](double a, double b) { return cost_of(a) == cost_of(b); }),
                simpler.end());
  return simpler;
}

}  // namespace attest::shrinkers
