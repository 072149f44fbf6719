// How simple a number is to a person, and which simpler ones to try in its place:
// 0 < 1 < -1 < small integers < powers of two < short mantissas < the rest < infinities < NaN.
#pragma once

#include <cstdint>
#include <vector>

namespace attest::shrinkers {

/// Rank of a number; smaller is simpler, and distinct numbers may rank alike.
/// Range: [0, 2^19), so a sum over every element of a tensor does not overflow.
std::int64_t cost_of(double value);

/// The same for a number that multiplies: 1 is simplest, then 0, then as above.
std::int64_t cost_of_factor(double value);

/// Numbers to try instead of `value`: near it where that means something, each strictly cheaper,
/// cheapest first, without repeats. Empty exactly when `value` is +0.
std::vector<double> simpler_than(double value);

/// The same for a number that multiplies. 0 is never tried: it would switch off what it scales.
std::vector<double> simpler_factors_than(double value);

}  // namespace attest::shrinkers
