#include "problem/verdict.h"

#include <array>
#include <utility>

#include "problem/name_table.h"

namespace attest::problem {
namespace {

constexpr std::array<std::string_view, 8> kStatuses = {"pass",  "fail", "refused", "inconclusive",
                                                       "crash", "hang", "flaky",   "skipped"};

}  // namespace

std::string_view name_of(Status status) { return name_in(kStatuses, status); }
std::optional<Status> parse_status(std::string_view name) {
  return parse_in<Status>(kStatuses, name);
}

bool is_failure(Status status) {
  switch (status) {
    case Status::kFail:
    case Status::kRefused:
    case Status::kCrash:
    case Status::kHang:
    case Status::kFlaky:
      return true;
    case Status::kPass:
    case Status::kInconclusive:
    case Status::kSkipped:
      return false;
  }
  return true;
}

Verdict Verdict::pass(double severity) {
  Verdict verdict;
  verdict.severity = severity;
  return verdict;
}

Verdict Verdict::skipped(std::string why) {
  Verdict verdict;
  verdict.status = Status::kSkipped;
  verdict.message = std::move(why);
  return verdict;
}

Verdict Verdict::fail(std::string failure_class, std::string message, double severity) {
  Verdict verdict;
  verdict.status = Status::kFail;
  verdict.failure_class = std::move(failure_class);
  verdict.severity = severity;
  verdict.message = std::move(message);
  return verdict;
}

}  // namespace attest::problem
