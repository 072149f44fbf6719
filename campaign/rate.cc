#include "campaign/rate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace attest::campaign {
namespace {

constexpr double kDeviations = 1.959963984540054;  // of a normal number outside which 5 % lie

// Wilson 1927: the rates p for which the observed share is at most so many deviations from p.
double bound(const Rate& rate, double sign) {
  const auto n = static_cast<double>(rate.runs);
  const double share = static_cast<double>(rate.failures) / n;
  const double z2 = kDeviations * kDeviations;
  const double centre = share + z2 / (2 * n);
  const double spread = kDeviations * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return std::clamp((centre + sign * spread) / (1 + z2 / n), 0.0, 1.0);
}

/// Two digits: shares near 0 matter.
std::string percent(double share) {
  return share >= 0.1 ? fmt::format("{:.0f} %", 100 * share) : fmt::format("{:.2g} %", 100 * share);
}

}  // namespace

double Rate::low() const { return runs <= 0 || failures == 0 ? 0 : bound(*this, -1); }
double Rate::high() const { return runs <= 0 || failures == runs ? 1 : bound(*this, 1); }

std::string rate_text(const Rate& rate) {
  if (rate.runs <= 0) return "no run";
  return fmt::format("{} of {} runs ({}, with 95 % confidence {} to {})", rate.failures, rate.runs,
                     percent(static_cast<double>(rate.failures) / static_cast<double>(rate.runs)),
                     percent(rate.low()), percent(rate.high()));
}

}  // namespace attest::campaign
