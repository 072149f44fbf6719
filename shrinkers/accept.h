// When a smaller case is still the same failure.
#pragma once

#include "problem/verdict.h"

namespace attest::shrinkers {

/// The severity by which failures compare: that of a class that is a number ("value"), and infinity
/// for every other class.
double comparable_severity(const problem::Verdict& verdict);

/// Whether `verdict`, on a smaller case, is the failure `first` was: same status, same class, and
///     severity >= min(first, max(4, sqrt(first))),
/// so that a plain bug never slides into "just above tolerance". NaN severities are no match.
bool acceptable(const problem::Verdict& first, const problem::Verdict& verdict);

}  // namespace attest::shrinkers
