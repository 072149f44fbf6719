#include "properties/run_failure.h"

#include <string>

namespace attest::properties {

using kernels::Outcome;
using kernels::RunResult;
using problem::Verdict;

std::optional<Verdict> failure_of(const RunResult& result) {
  Verdict verdict;
  verdict.severity = problem::kStructural;
  verdict.message = result.message;
  switch (result.outcome) {
    case Outcome::kOk:
      return std::nullopt;
    case Outcome::kRefused:
      verdict.status = problem::Status::kRefused;
      verdict.failure_class = "refused";
      verdict.message = "refused a call inside its capabilities: " + result.message;
      break;
    case Outcome::kFailed:
      verdict.status = problem::Status::kFail;
      verdict.failure_class = "failed";
      verdict.message = "reported a failure: " + result.message;
      break;
    case Outcome::kCrash:
      verdict.status = problem::Status::kCrash;
      verdict.failure_class = "crash";
      break;
    case Outcome::kHang:
      verdict.status = problem::Status::kHang;
      verdict.failure_class = "hang";
      break;
  }
  return verdict;
}

std::optional<Verdict> failure_of(const kernels::Launch& launch) {
  const auto damage = launch.find_damage();
  if (!damage) return std::nullopt;
  Verdict verdict =
      Verdict::fail(damage->canary || damage->gap ? "canary" : "input_modified",
                    (damage->canary ? "wrote outside buffer '"
                     : damage->gap  ? "wrote between the elements of '"
                                    : "modified its input '") +
                        damage->buffer + "' at byte " + std::to_string(damage->offset));
  verdict.where = problem::Where{.tensor = damage->buffer};
  return verdict;
}

}  // namespace attest::properties
