#include "properties/run_failure.h"

#include <string>

namespace attest::properties {
namespace {

using kernels::Fault;
using kernels::Launch;
using kernels::Outcome;
using kernels::RunResult;
using problem::Verdict;

// Addresses below it are those of members of nothing.
constexpr std::uint64_t kNearNull = std::uint64_t{64} << 10;

const char* verb_of(Fault::Access access) {
  switch (access) {
    case Fault::Access::kRead:
      return "reads";
    case Fault::Access::kWrite:
      return "writes";
    case Fault::Access::kExecute:
      return "jumps to";
    case Fault::Access::kUnknown:
      break;
  }
  return "touches";
}

/// Part of a line that holds no address, since those differ from run to run.
std::string stack_text(const Fault& fault) {
  std::string text;
  for (const std::string& frame : fault.stack) text += (text.empty() ? "; in " : " < ") + frame;
  return text;
}

std::string fault_text(const Fault& fault, const Launch& launch) {
  std::string text;
  if (fault.stack_overflow) {
    text = ", stack overflow";
  } else if (fault.has_address) {
    const auto place = launch.locate(fault.address);
    text = std::string(", ") + verb_of(fault.access) + " memory " +
           (place                       ? *place
            : fault.address < kNearNull ? "near address 0"
                                        : "far from every buffer");
  }
  return text + stack_text(fault);
}

/// What is before the colon. A plug-in brings its own executor, whose text may be anything.
std::string kind_of(const std::string& finding) {
  constexpr std::size_t kMaxLength = 40;
  const std::size_t colon = finding.find(':');
  const bool is_word = colon != std::string::npos && colon > 0 && colon <= kMaxLength &&
                       finding.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == colon;
  return is_word ? finding.substr(0, colon) : "finding";
}

}  // namespace

std::optional<Verdict> unfinished(const RunResult& result, const Launch& launch) {
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
    case Outcome::kFinding:
      verdict.status = problem::Status::kFail;
      verdict.failure_class = kind_of(result.message);
      verdict.message = "found while it ran: " + result.message;
      break;
    case Outcome::kCrash:
      verdict.status = problem::Status::kCrash;
      verdict.failure_class = "crash";
      if (result.fault) verdict.message += fault_text(*result.fault, launch);
      break;
    case Outcome::kHang:
      verdict.status = problem::Status::kHang;
      verdict.failure_class = "hang";
      if (result.fault) verdict.message += stack_text(*result.fault);
      break;
  }
  return verdict;
}

namespace {

std::optional<Verdict> damage_of(const Launch& launch) {
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

}  // namespace

std::optional<Verdict> failure_of(const RunResult& result, const Launch& launch) {
  auto failure = unfinished(result, launch);
  return failure ? failure : damage_of(launch);
}

}  // namespace attest::properties
