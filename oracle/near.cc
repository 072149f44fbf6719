#include "oracle/near.h"

#include <cmath>

#include "oracle/bounds.h"
#include "oracle/finding.h"
#include "oracle/fpenv.h"

namespace attest::oracle {
namespace {

/// Subtracting two references and adding what they leave open, in double.
constexpr double kDifferenceError = 0x1p-50;

/// One element of a result, its reference and its type.
struct Side {
  double got;
  const Reference& reference;
  problem::DType type;
};

/// How far a correct kernel's element may be from its exact value.
double reach(const Side& side, double unit) {
  const Reference& reference = side.reference;
  if (reference.bound == 0 && reference.value == 0) return reference.ball;
  const double magnitude = std::abs(reference.value) + reference.bound;
  return reference.bound + reference.ball + output_rounding(side.type, magnitude / unit) * unit;
}

/// How far it is, signed, the ball apart.
double deviation(const Side& side, double scale) {
  return std::fma(side.got, scale, -side.reference.value) - side.reference.low;
}

Finding judge(const Side& a, const Side& b, double scale) {
  if (a.reference.kind != Kind::kFinite || b.reference.kind != Kind::kFinite) {
    const Finding of_a = judge_kind(a.reference.kind, a.got);
    return of_a.judgement != Judgement::kPass ? of_a : judge_kind(b.reference.kind, b.got);
  }
  if (std::isinf(a.reference.bound) || std::isinf(b.reference.bound))
    return {.judgement = Judgement::kVacuous};
  const double unit = std::abs(scale);
  for (const Side* side : {&a, &b}) {
    // Where the type may overflow an infinity is right.
    const double most = std::abs(side->reference.value) + side->reference.bound;
    if (!(most < problem::largest_finite(side->type) * unit))
      return {.judgement = Judgement::kVacuous};
    if (!std::isfinite(side->got))
      return structural(class_of_non_finite(side->got), side->reference.value, side->got * scale);
  }
  // A scale that is no power of two, such as ln 2, is rounded itself.
  int exponent = 0;
  const bool exact = std::frexp(unit, &exponent) == 0.5;
  const double rounding = exact ? 0 : kDifferenceError * (std::abs(a.got) + std::abs(b.got)) * unit;
  const double bound = (reach(a, unit) + reach(b, unit) + rounding) * (1 + kDifferenceError);
  const double error = std::abs(deviation(a, scale) - deviation(b, scale));
  Finding finding{.severity = ratio(error, bound),
                  .expected = b.got * scale + (a.reference.value - b.reference.value),
                  .got = a.got * scale,
                  .bound = bound};
  if (!(error <= bound)) {
    finding.judgement = Judgement::kFail;
    finding.failure_class = "value";
    finding.severity = failed_severity(finding.severity);
  }
  return finding;
}

}  // namespace

Deviation compare_near(const problem::Elements& a, std::span<const Reference> bounds_a,
                       const problem::Elements& b, std::span<const Reference> bounds_b,
                       double scale) {
  require(a.size() == bounds_a.size() && b.size() == bounds_b.size() && a.size() == b.size(),
          "compare_near: as many elements as references are needed");
  require(std::isfinite(scale) && scale != 0, "compare_near: the scale must be finite and not 0");
  const DefaultFpEnv environment;
  const UnwrittenMarker unwritten_a(a.type());
  const UnwrittenMarker unwritten_b(b.type());
  Collector collector;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (unwritten_a.matches(a.bits(i)) || unwritten_b.matches(b.bits(i))) {
      collector.add(i, structural("unwritten", b.value(i), a.value(i)));
      continue;
    }
    collector.add(
        i, judge({a.value(i), bounds_a[i], a.type()}, {b.value(i), bounds_b[i], b.type()}, scale));
  }
  return collector.result();
}

bool tell_apart(std::span<const Reference> a, std::span<const Reference> b) {
  require(a.size() == b.size(), "tell_apart: as many references are needed");
  const DefaultFpEnv environment;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].kind == Kind::kNonFinite || b[i].kind == Kind::kNonFinite) continue;
    if (a[i].kind != b[i].kind) return true;
    if (a[i].kind != Kind::kFinite) continue;
    const double reach = a[i].bound + b[i].bound + a[i].ball + b[i].ball;
    if (std::abs(a[i].value - b[i].value) > reach * (1 + kDifferenceError)) return true;
  }
  return false;
}

}  // namespace attest::oracle
