#include <cmath>

#include "oracle/bounds.h"
#include "oracle/compare.h"
#include "oracle/finding.h"
#include "oracle/fpenv.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;

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
    const double magnitude = std::abs(reference.value) + reference.bound;
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
