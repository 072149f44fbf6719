// A failing case made small: shrinkers/ proposes, a kernel session judges, and what comes out is
// confirmed on a fresh kernel process.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "campaign/confirm.h"
#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/harness.h"
#include "properties/property.h"

namespace attest::campaign {

struct ShrinkLimits {
  std::int64_t evaluations = 2000;
  std::chrono::milliseconds time = std::chrono::seconds(20);
  /// A smaller case counts only if the planted defect ran in its check (Harness::defect_ran).
  bool needs_defect = false;
};

struct Shrunk {
  /// What to save, with the expectation and, when shrunk, the record. 1-minimal if the record says
  /// so.
  problem::Case minimal;
  problem::Verdict verdict;  ///< of `minimal`
  bool shrunk = false;
  std::string why_not;  ///< one line, when not shrunk
};

/// Confirms `original`, which failed with `first`, and shrinks it within the limits: every step
/// fails the same property in the same way (shrinkers/accept.h). Of a failure that needs its
/// `history` that is made short first, then the case, then the checks before it. A flaky failure is
/// not shrunk and never dropped. Leaves the harness with a fresh kernel.
Shrunk shrink_case(const properties::Property& property, const problem::Case& original,
                   const problem::Verdict& first, properties::Harness& harness,
                   const ShrinkLimits& limits, const HistoryOf& history = {});

/// The same without shrinking: only a history is made short.
Shrunk confirm_case(const properties::Property& property, const problem::Case& original,
                    const problem::Verdict& first, properties::Harness& harness,
                    const HistoryOf& history = {});

/// What a stored case is to do, as its verdict says.
problem::Expectation expectation_of(const problem::Verdict& verdict);

/// "212 evaluations, 14 reductions taken; minimal: of 35 further ones 31 pass and 4 fail otherwise"
std::string shrink_text(const problem::ShrinkRecord& record);

}  // namespace attest::campaign
