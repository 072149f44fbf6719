#include "shrinkers/accept.h"

#include <algorithm>
#include <cmath>

namespace attest::shrinkers {
namespace {

/// A failure this many bounds out is plain, however much worse the first one was.
constexpr double kPlainFailure = 4.0;

}  // namespace

double comparable_severity(const problem::Verdict& verdict) {
  return verdict.failure_class == "value" ? verdict.severity : problem::kStructural;
}

bool acceptable(const problem::Verdict& first, const problem::Verdict& verdict) {
  if (!verdict.failed() || verdict.status != first.status) return false;
  if (verdict.failure_class != first.failure_class) return false;
  const double severity = comparable_severity(first);
  const double least = std::min(severity, std::max(kPlainFailure, std::sqrt(severity)));
  return comparable_severity(verdict) >= least;
}

}  // namespace attest::shrinkers
