#include "oracle/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/bounds.h"
#include "oracle/finding.h"
#include "oracle/fpenv.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A factor that is no power of two (ln 2) and its product carry roundings of their own.
constexpr double kScaleError = 0x1p-52;

/// The ends of the interval are rounded to double before they are rounded to a smaller type.
constexpr double kEndError = 0x1p-52;

/// `x` in the output type. A type without infinity saturates: kernels that quantise clamp.
double round_end(DType type, double value) {
  const double largest = problem::largest_finite(type);
  if (!problem::format_of(type).has_inf && std::abs(value) > largest)
    return std::copysign(largest, value);
  return problem::round_to(type, value);
}

/// value + low + shift, rounded once or nearly so.
double sum_of(double value, double low, double shift) {
  const double sum = value + shift;
  const double virtual_shift = sum - value;
  return sum + ((value - (sum - virtual_shift)) + (shift - virtual_shift) + low);
}

/// got in [RN(value - slack), RN(value + slack)], in units of got.
bool inside(DType type, double got, const Reference& reference, double slack, double scale) {
  const double a = round_end(type, sum_of(reference.value, reference.low, -slack) / scale);
  const double b = round_end(type, sum_of(reference.value, reference.low, slack) / scale);
  return scale > 0 ? got >= a && got <= b : got >= b && got <= a;
}

/// What the reference, the scale and the ends of an interval up to `magnitude` leave open.
double ball_of(DType type, const Reference& reference, double magnitude, double scale_error) {
  const double ends = type == DType::kF64 ? 0 : kEndError * magnitude;
  return reference.ball + scale_error * std::abs(reference.value) + ends;
}

Finding judge_value(DType type, double got, const Reference& reference, double scale,
                    double scale_error) {
  const double expected = reference.value;
  if (reference.bound == kInfinity) return {.judgement = Judgement::kVacuous};
  const double magnitude = std::abs(expected) + reference.bound;
  const double bound =
      reference.bound + output_rounding(type, magnitude / std::abs(scale)) * std::abs(scale);
  const double ball = ball_of(type, reference, magnitude, scale_error);

  // Nearly every element is clearly inside, whatever rounding does at the ends.
  const double plain_error = std::abs(got * scale - expected);
  if (plain_error * (1 + kScaleError) + ball + kScaleError * std::abs(expected) <=
      reference.bound) {
    return {.severity = ratio(plain_error, bound),
            .expected = expected,
            .got = got * scale,
            .bound = bound};
  }

  // An infinity is right where the type overflows inside the interval.
  const bool certainly_outside = !inside(type, got, reference, reference.bound + ball, scale);
  if (!std::isfinite(got) && certainly_outside) {
    return structural(class_of_non_finite(got), expected, got * scale, bound);
  }
  const double error = std::abs(std::fma(got, scale, -reference.value) - reference.low);
  Finding finding{
      .severity = ratio(error, reference.bound == 0 && reference.value == 0 ? 0 : bound),
      .expected = expected,
      .got = got * scale,
      .bound = bound};
  if (certainly_outside) {
    finding.judgement = Judgement::kFail;
    finding.failure_class = "value";
    finding.severity = failed_severity(finding.severity);
    return finding;
  }
  const double sure = reference.bound - ball;
  if (!(sure >= 0 && inside(type, got, reference, sure, scale)))
    finding.judgement = Judgement::kUndecided;
  // Overflow and saturation inside the interval are right however far the exact value is.
  const bool saturated = std::abs(got) == problem::largest_finite(type);
  if (!std::isfinite(got) || (saturated && !problem::format_of(type).has_inf)) finding.severity = 0;
  return finding;
}

/// The signed error in statistical bounds when it is certainly beyond it, else 0.
double excess_of(DType type, double got, const Reference& reference, double scale,
                 double scale_error) {
  const double limit = std::min(reference.statistical, reference.bound);
  if (limit == kInfinity || reference.kind != Kind::kFinite || !std::isfinite(got)) return 0;
  const double plain_error = std::abs(got * scale - reference.value);
  if (plain_error * (1 + kScaleError) <= limit) return 0;  // nearly every element
  const double magnitude = std::abs(reference.value) + limit;
  const double ball = ball_of(type, reference, magnitude, scale_error);
  if (inside(type, got, reference, limit + ball, scale)) return 0;
  const double error = std::fma(got, scale, -reference.value) - reference.low;
  const double reach = limit + output_rounding(type, magnitude / std::abs(scale)) * std::abs(scale);
  return std::copysign(failed_severity(ratio(std::abs(error), reach)), error);
}

double scale_error_of(double scale) {
  int exponent = 0;
  return std::frexp(std::abs(scale), &exponent) == 0.5 ? 0 : kScaleError;
}

}  // namespace

Deviation compare(const Elements& got, std::span<const Reference> expected, double scale) {
  require(got.size() == expected.size(), "compare: as many elements as references are needed");
  require(std::isfinite(scale) && scale != 0, "compare: the scale must be finite and not 0");
  const DefaultFpEnv environment;
  const UnwrittenMarker unwritten(got.type());
  const double scale_error = scale_error_of(scale);
  Collector collector;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Reference& reference = expected[i];
    const double value = got.value(i);
    const bool may_be_nan = reference.kind == Kind::kNaN || reference.kind == Kind::kNonFinite;
    if (unwritten.matches(got.bits(i)) && !(unwritten.ambiguous() && may_be_nan)) {
      collector.add(i, structural("unwritten", reference.value, value));
    } else if (reference.kind != Kind::kFinite) {
      collector.add(i, judge_kind(reference.kind, value));
    } else {
      const Finding finding = judge_value(got.type(), value, reference, scale, scale_error);
      collector.add(i, finding);
      if (finding.judgement != Judgement::kFail && reference.statistical < reference.bound)
        collector.add_excess(i, excess_of(got.type(), value, reference, scale, scale_error));
    }
  }
  return collector.result();
}

double excess(const Elements& got, std::size_t i, const Reference& reference, double scale) {
  require(i < got.size(), "excess: no such element");
  require(std::isfinite(scale) && scale != 0, "excess: the scale must be finite and not 0");
  const DefaultFpEnv environment;
  return excess_of(got.type(), got.value(i), reference, scale, scale_error_of(scale));
}

}  // namespace attest::oracle
