#include "oracle/compare.h"

#include <cmath>
#include <limits>
#include <string_view>

#include "oracle/bounds.h"
#include "oracle/fpenv.h"
#include "problem/errors.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A factor that is no power of two (ln 2) and its product carry roundings of their own.
constexpr double kScaleError = 0x1p-52;

enum class Judgement { kPass, kFail, kUndecided, kVacuous };

/// What became of one element.
struct Finding {
  Judgement judgement = Judgement::kPass;
  const char* failure_class = "";
  double severity = 0;
  double expected = 0, got = 0, bound = 0;
};

Finding structural(const char* failure_class, double expected, double got, double bound = 0) {
  return {Judgement::kFail, failure_class, problem::kStructural, expected, got, bound};
}

/// error / bound. 0 / 0 is no error at all.
double ratio(double error, double bound) {
  if (error == 0) return 0;
  return bound > 0 ? error / bound : kInfinity;
}

/// A failure's severity is above 1, whatever the rounding of the output did to the quotient.
double failed_severity(double severity) {
  return severity > 1 ? severity : std::nextafter(1.0, 2.0);
}

/// `x` in the output type. A type without infinity saturates: kernels that quantise clamp.
double round_end(DType type, long double x) {
  const auto value = static_cast<double>(x);
  const double largest = problem::largest_finite(type);
  if (!problem::format_of(type).has_inf && std::abs(value) > largest)
    return std::copysign(largest, value);
  return problem::round_to(type, value);
}

/// got in [RN(value - slack), RN(value + slack)], in units of got.
bool inside(DType type, double got, long double value, long double slack, double scale) {
  const double a = round_end(type, (value - slack) / scale);
  const double b = round_end(type, (value + slack) / scale);
  return scale > 0 ? got >= a && got <= b : got >= b && got <= a;
}

class UnwrittenMarker {
 public:
  explicit UnwrittenMarker(DType type)
      : bits_(problem::unwritten_bits(type)), ambiguous_(problem::size_of(type) == 1) {}
  bool matches(std::uint64_t bits) const { return bits == bits_; }
  /// In an 8-bit type the marker is a NaN that a kernel may write as well.
  bool ambiguous() const { return ambiguous_; }

 private:
  std::uint64_t bits_;
  bool ambiguous_;
};

const char* class_of_non_finite(double got) { return std::isnan(got) ? "nan" : "inf"; }

/// The references that are no number.
Finding judge_kind(Kind kind, double got) {
  switch (kind) {
    case Kind::kNaN:
      return std::isnan(got) ? Finding{} : structural("structure", std::nan(""), got);
    case Kind::kNonFinite:
      return std::isfinite(got) ? structural("structure", kInfinity, got) : Finding{};
    case Kind::kPlusInf:
    case Kind::kMinusInf: {
      const double expected = kind == Kind::kPlusInf ? kInfinity : -kInfinity;
      if (got == expected) return {};
      return structural(std::isnan(got) ? "nan" : "structure", expected, got);
    }
    case Kind::kFinite:
      break;
  }
  return {};
}

Finding judge_value(DType type, double got, const Reference& reference, double scale,
                    double scale_error) {
  const auto expected = static_cast<double>(reference.value);
  if (reference.bound == kInfinity) return {.judgement = Judgement::kVacuous};
  const double magnitude = std::abs(expected) + reference.bound;
  const double bound =
      reference.bound + output_rounding(type, magnitude / std::abs(scale)) * std::abs(scale);
  const double ball = reference.ball + scale_error * std::abs(expected);

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
  const bool certainly_outside =
      !inside(type, got, reference.value, static_cast<long double>(reference.bound) + ball, scale);
  if (!std::isfinite(got) && certainly_outside) {
    return structural(class_of_non_finite(got), expected, got * scale, bound);
  }
  const auto error =
      static_cast<double>(std::abs(static_cast<long double>(got) * scale - reference.value));
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
  const long double sure = static_cast<long double>(reference.bound) - ball;
  if (!(sure >= 0 && inside(type, got, reference.value, sure, scale)))
    finding.judgement = Judgement::kUndecided;
  if (!std::isfinite(got)) finding.severity = 0;
  return finding;
}

/// Collects findings into a Deviation.
class Collector {
 public:
  void add(std::size_t i, const Finding& finding) {
    switch (finding.judgement) {
      case Judgement::kVacuous:
        ++result_.vacuous;
        return;
      case Judgement::kUndecided:
        if (!undecided_) result_.escalate_at = i;
        undecided_ = true;
        break;
      case Judgement::kFail:
        if (!result_.bad()) {
          result_.failure_class = finding.failure_class;
          result_.first = i;
          show(finding);
        }
        break;
      case Judgement::kPass:
        break;
    }
    // What is no number must not drown how far off the numbers are: a shrink goes by that.
    if (finding.judgement == Judgement::kFail &&
        std::string_view("value") != finding.failure_class) {
      return;
    }
    if (finding.severity > result_.severity || !seen_) {
      result_.severity = finding.severity;
      result_.worst = i;
      if (!result_.bad()) show(finding);
    }
    seen_ = true;
  }

  Deviation result() {
    result_.escalate = undecided_ && !result_.bad();
    if (result_.bad() && result_.failure_class != "value") {
      result_.severity = problem::kStructural;
      result_.worst = result_.first;
    }
    return result_;
  }

 private:
  void show(const Finding& finding) {
    result_.expected = finding.expected;
    result_.got = finding.got;
    result_.bound = finding.bound;
  }

  Deviation result_;
  bool undecided_ = false;
  bool seen_ = false;
};

void require(bool holds, const char* what) {
  if (!holds) throw ContractError(what);
}

double scale_error_of(double scale) {
  int exponent = 0;
  return std::frexp(std::abs(scale), &exponent) == 0.5 ? 0 : kScaleError;
}

Finding judge_pair(DType type_a, double a, const Reference& bound_a, DType type_b, double b,
                   const Reference& bound_b, double scale) {
  if (bound_a.kind == Kind::kFinite && bound_b.kind == Kind::kFinite &&
      (bound_a.bound == kInfinity || bound_b.bound == kInfinity)) {
    return {.judgement = Judgement::kVacuous};
  }
  if (bound_a.kind != Kind::kFinite || bound_b.kind != Kind::kFinite) {
    const Finding of_a = judge_kind(bound_a.kind, a);
    if (of_a.judgement != Judgement::kPass) return of_a;
    return judge_kind(bound_b.kind, b);
  }
  if (std::isnan(a) || std::isnan(b)) return structural("nan", b * scale, a * scale);
  if (std::isinf(a) || std::isinf(b)) {
    return a == b ? Finding{} : structural("inf", b * scale, a * scale);
  }
  const double unit = std::abs(scale);
  const auto reach = [unit](DType type, const Reference& reference) {
    const double magnitude = static_cast<double>(std::abs(reference.value)) + reference.bound;
    return reference.bound == 0 && reference.value == 0
               ? 0
               : reference.bound + output_rounding(type, magnitude / unit) * unit;
  };
  const double bound = reach(type_a, bound_a) + reach(type_b, bound_b);
  const double error = std::abs(a - b) * unit;
  Finding finding{
      .severity = ratio(error, bound), .expected = b * scale, .got = a * scale, .bound = bound};
  if (!(error <= bound)) {
    finding.judgement = Judgement::kFail;
    finding.failure_class = "value";
    finding.severity = failed_severity(finding.severity);
  }
  return finding;
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
      collector.add(i, structural("unwritten", static_cast<double>(reference.value), value));
    } else if (reference.kind != Kind::kFinite) {
      collector.add(i, judge_kind(reference.kind, value));
    } else {
      collector.add(i, judge_value(got.type(), value, reference, scale, scale_error));
    }
  }
  return collector.result();
}

Deviation compare_pair(const Elements& a, std::span<const Reference> bounds_a, const Elements& b,
                       std::span<const Reference> bounds_b, double scale,
                       const std::function<std::size_t(std::size_t)>& map) {
  require(a.size() == bounds_a.size() && b.size() == bounds_b.size(),
          "compare_pair: as many elements as references are needed");
  require(map || a.size() == b.size(), "compare_pair: results of different size need a map");
  require(std::isfinite(scale) && scale != 0, "compare_pair: the scale must be finite and not 0");
  const DefaultFpEnv environment;
  const UnwrittenMarker unwritten_a(a.type());
  const UnwrittenMarker unwritten_b(b.type());
  Collector collector;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t j = map ? map(i) : i;
    require(j < b.size(), "compare_pair: the map leads outside of b");
    if (unwritten_a.matches(a.bits(i)) || unwritten_b.matches(b.bits(j))) {
      collector.add(i, structural("unwritten", a.value(i), b.value(j)));
      continue;
    }
    collector.add(
        i, judge_pair(a.type(), a.value(i), bounds_a[i], b.type(), b.value(j), bounds_b[j], scale));
  }
  return collector.result();
}

Deviation compare_bits(const Elements& a, const Elements& b) {
  require(a.size() == b.size() && a.type() == b.type(),
          "compare_bits: size and type must be the same");
  const UnwrittenMarker unwritten(a.type());
  Collector collector;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint64_t x = a.bits(i);
    const std::uint64_t y = b.bits(i);
    if (unwritten.matches(x) || unwritten.matches(y)) {
      collector.add(i, structural("unwritten", b.value(i), a.value(i)));
    } else if (x != y && !(std::isnan(a.value(i)) && std::isnan(b.value(i)))) {
      collector.add(i, structural("bits", b.value(i), a.value(i)));
    }
  }
  return collector.result();
}

}  // namespace attest::oracle
