// A failing case made small: shrinkers/ proposes, a kernel session judges, and what comes out is
// confirmed on a fresh kernel process.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

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

struct Confirmed {
  problem::Verdict verdict;
  bool fails = false;  ///< at the first attempt
};

/// Runs the check on a fresh kernel process. When a failure does not come back (`first` fails, this
/// run does not), runs it ten times more: the verdict is then `first` with Status::kFlaky and the
/// rate in its message.
Confirmed confirm(const properties::Property& property, const problem::Case& value,
                  const problem::Verdict& first, properties::Harness& harness);

struct Shrunk {
  /// What to save, with the expectation and, when shrunk, the record. 1-minimal if the record says
  /// so.
  problem::Case minimal;
  problem::Verdict verdict;  ///< of `minimal`
  bool shrunk = false;
  std::string why_not;  ///< one line, when not shrunk
};

/// Confirms `original`, which failed with `first`, and shrinks it within the limits: every step
/// fails the same property in the same way (shrinkers/accept.h). A flaky failure is not shrunk and
/// never dropped. Leaves the harness with a fresh kernel.
Shrunk shrink_case(const properties::Property& property, const problem::Case& original,
                   const problem::Verdict& first, properties::Harness& harness,
                   const ShrinkLimits& limits);

/// The same without shrinking.
Shrunk confirm_case(const properties::Property& property, const problem::Case& original,
                    const problem::Verdict& first, properties::Harness& harness);

/// What a stored case is to do, as its verdict says.
problem::Expectation expectation_of(const problem::Verdict& verdict);

/// "212 evaluations, 14 reductions taken; minimal: of 35 further ones 31 pass and 4 fail otherwise"
std::string shrink_text(const problem::ShrinkRecord& record);

}  // namespace attest::campaign
