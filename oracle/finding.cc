#include "oracle/finding.h"

#include <string_view>

#include "problem/errors.h"
#include "problem/special_values.h"

namespace attest::oracle {
Finding structural(const char* failure_class, double expected, double got, double bound) {
  return {Judgement::kFail, failure_class, problem::kStructural, expected, got, bound};
}

double ratio(double error, double bound) {
  if (error == 0) return 0;
  return bound > 0 ? error / bound : kInfinity;
}

double failed_severity(double severity) {
  return severity > 1 ? severity : std::nextafter(1.0, 2.0);
}

const char* class_of_non_finite(double got) { return std::isnan(got) ? "nan" : "inf"; }

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

void Collector::add(std::size_t i, const Finding& finding) {
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
  if (finding.judgement == Judgement::kFail && std::string_view("value") != finding.failure_class) {
    return;
  }
  if (finding.severity > result_.severity || !seen_) {
    result_.severity = finding.severity;
    result_.worst = i;
    if (!result_.bad()) show(finding);
  }
  seen_ = true;
}

void Collector::add_excess(std::size_t i, double error) {
  if (error == 0) return;
  Excess& excess = result_.excess;
  if (excess.count++ == 0) excess.first = i;
  if (std::abs(error) > std::abs(excess.error)) {
    excess.error = error;
    excess.worst = i;
  }
}

Deviation Collector::result() {
  result_.escalate = undecided_ && !result_.bad();
  if (result_.bad() && result_.failure_class != "value") {
    result_.severity = problem::kStructural;
    result_.worst = result_.first;
  }
  return result_;
}

void Collector::show(const Finding& finding) {
  result_.expected = finding.expected;
  result_.got = finding.got;
  result_.bound = finding.bound;
}

void require(bool holds, const char* what) {
  if (!holds) throw ContractError(what);
}

}  // namespace attest::oracle
