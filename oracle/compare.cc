#include "oracle/compare.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "oracle/bounds.h"
#include "oracle/decode.h"
#include "oracle/finding.h"
#include "oracle/fpenv.h"
#include "problem/rows.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;

/// A factor that is no power of two (ln 2) and its product carry roundings of their own.
constexpr double kScaleError = 0x1p-52;

/// The ends of the interval are rounded to double before they are rounded to a smaller type.
constexpr double kEndError = 0x1p-52;

/// What a comparison needs of the output type.
struct OutputType {
  explicit OutputType(DType output)
      : type(output),
        largest(problem::largest_finite(output)),
        has_inf(problem::format_of(output).has_inf),
        round(output) {}
  DType type;
  double largest;
  bool has_inf;
  problem::Rounder round;

  /// `x` in the output type. A type without infinity saturates: kernels that quantise clamp.
  double round_end(double x) const {
    if (!has_inf && std::abs(x) > largest) return std::copysign(largest, x);
    return round(x);
  }
};

/// value + low + shift, rounded once or nearly so.
double sum_of(double value, double low, double shift) {
  const double sum = value + shift;
  const double virtual_shift = sum - value;
  return sum + ((value - (sum - virtual_shift)) + (shift - virtual_shift) + low);
}

/// got in [RN(value - slack), RN(value + slack)], in units of got.
bool inside(const OutputType& type, double got, const Reference& reference, double slack,
            double scale) {
  const double a = type.round_end(sum_of(reference.value, reference.low, -slack) / scale);
  const double b = type.round_end(sum_of(reference.value, reference.low, slack) / scale);
  return scale > 0 ? got >= a && got <= b : got >= b && got <= a;
}

/// What the reference, the scale and the ends of an interval up to `magnitude` leave open.
double ball_of(const OutputType& output, const Reference& reference, double magnitude,
               double scale_error) {
  const double ends = output.type == DType::kF64 ? 0 : kEndError * magnitude;
  return reference.ball + scale_error * std::abs(reference.value) + ends;
}

Finding judge_value(const OutputType& type, double got, const Reference& reference, double scale,
                    double scale_error) {
  const double expected = reference.value;
  if (reference.bound == kInfinity) return {.judgement = Judgement::kVacuous};
  const double magnitude = std::abs(expected) + reference.bound;
  const double bound =
      reference.bound + output_rounding(type.type, magnitude / std::abs(scale)) * std::abs(scale);
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
  const bool saturated = std::abs(got) == type.largest;
  if (!std::isfinite(got) || (saturated && !type.has_inf)) finding.severity = 0;
  return finding;
}

/// The signed error in statistical bounds when it is certainly beyond it, else 0.
double excess_of(const OutputType& type, double got, const Reference& reference, double scale,
                 double scale_error) {
  const double limit = std::min(reference.statistical, reference.bound);
  if (limit == kInfinity || reference.kind != Kind::kFinite || !std::isfinite(got)) return 0;
  const double plain_error = std::abs(got * scale - reference.value);
  if (plain_error * (1 + kScaleError) <= limit) return 0;  // nearly every element
  const double magnitude = std::abs(reference.value) + limit;
  const double ball = ball_of(type, reference, magnitude, scale_error);
  if (inside(type, got, reference, limit + ball, scale)) return 0;
  const double error = std::fma(got, scale, -reference.value) - reference.low;
  const double reach =
      limit + output_rounding(type.type, magnitude / std::abs(scale)) * std::abs(scale);
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
  const OutputType type(got.type());
  const std::vector<double> values = decode_all(got);
  const double scale_error = scale_error_of(scale);
  Collector collector;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Reference& reference = expected[i];
    const double value = values[i];
    const bool may_be_nan = reference.kind == Kind::kNaN || reference.kind == Kind::kNonFinite;
    // The marker is a NaN.
    if (std::isnan(value) && unwritten.matches(got.bits(i)) &&
        !(unwritten.ambiguous() && may_be_nan)) {
      collector.add(i, structural("unwritten", reference.value, value));
    } else if (reference.kind != Kind::kFinite) {
      collector.add(i, judge_kind(reference.kind, value));
    } else {
      const Finding finding = judge_value(type, value, reference, scale, scale_error);
      collector.add(i, finding);
      if (finding.judgement != Judgement::kFail && reference.statistical < reference.bound)
        collector.add_excess(i, excess_of(type, value, reference, scale, scale_error));
    }
  }
  return collector.result();
}

double excess(const Elements& got, std::size_t i, const Reference& reference, double scale) {
  require(i < got.size(), "excess: no such element");
  require(std::isfinite(scale) && scale != 0, "excess: the scale must be finite and not 0");
  const DefaultFpEnv environment;
  return excess_of(OutputType(got.type()), got.value(i), reference, scale, scale_error_of(scale));
}

}  // namespace attest::oracle
