#include "kernels/base_session.h"

#include <atomic>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;

// What a kernel may ask for at most; more could not be placed in the arena.
constexpr std::uint64_t kMaxWorkspace = std::uint64_t{1} << 30;

}  // namespace

RunResult to_result(const Answer& answer) {
  RunResult result;
  result.message = printable_field(answer.message, sizeof(answer.message));
  result.path = printable_field(answer.path, sizeof(answer.path));
  if (answer.out_of_memory != 0) {
    result.outcome = Outcome::kCrash;
    result.message = "out of memory: " + result.message;
    return result;
  }
  if (answer.status == ATTEST_OK) return result;
  if (answer.found != 0) {
    result.outcome = Outcome::kFinding;
    return result;
  }
  result.outcome = answer.status == ATTEST_REFUSED ? Outcome::kRefused : Outcome::kFailed;
  if (answer.status != ATTEST_REFUSED && answer.status != ATTEST_FAILED) {
    result.message = fmt::format("unknown status {}{}{}", answer.status,
                                 result.message.empty() ? "" : ": ", result.message);
  }
  return result;
}

RunResult failed(std::string message) { return {Outcome::kFailed, std::move(message), ""}; }

RunResult create_failed(const RunResult& result) {
  return failed("create() failed" + (result.message.empty() ? "" : ": " + result.message));
}

std::string library_of(const KernelInfo& info) {
  return info.library.empty() ? "built-in kernels" : info.library;
}

void BaseSession::begin_generation() {
  mailbox_.renew();
  ++generation_;
}

bool BaseSession::take_mark() {
  return std::atomic_ref<std::int32_t>(mailbox_->defect_mark)
             .exchange(0, std::memory_order_relaxed) != 0;
}

bool BaseSession::take_defect_ran() { return std::exchange(defect_ran_, false); }

template <typename Call>
RunResult BaseSession::perform(Operation operation, const Call* call, Answer* answer) {
  if (!arena_.contains(call, sizeof(Call))) {
    throw ContractError("session: a call's struct lies outside the session's arena");
  }
  take_mark();
  const Clock::time_point begin = Clock::now();
  RunResult result = deliver(operation, call, answer);
  nanoseconds_ += std::chrono::nanoseconds(Clock::now() - begin).count();
  result.defect_ran = take_mark();
  defect_ran_ |= result.defect_ran;
  return result;
}

template <typename Call>
RunResult BaseSession::run(Operation operation, const Call* call) {
  Answer answer;
  return perform(operation, call, &answer);
}

bool BaseSession::supports(const attest_attend* call, RunResult* result) {
  *result = {};
  if (!info_.has_supports) return true;
  Answer answer;
  *result = perform(Operation::kSupports, call, &answer);
  return result->ok() && answer.supported != 0;
}

RunResult BaseSession::plan(const attest_attend* call, attest_plan_result* plan) {
  *plan = {};
  plan->struct_size = sizeof(*plan);
  if (!info_.has_plan) return {};
  Answer answer;
  RunResult result = perform(Operation::kPlan, call, &answer);
  if (!result.ok()) return result;
  const std::uint64_t alignment = answer.workspace_alignment;
  if (answer.num_splits < 0)
    return failed(fmt::format("plan answered num_splits = {}", answer.num_splits));
  if (answer.workspace_bytes > kMaxWorkspace) {
    return failed(fmt::format("plan asked for a workspace of {} bytes, at most {} are possible",
                              answer.workspace_bytes, kMaxWorkspace));
  }
  if (alignment > 4096 || (alignment & (alignment - 1)) != 0) {
    return failed(fmt::format(
        "plan asked for workspace_alignment {}: must be a power of two up to 4096", alignment));
  }
  plan->num_splits = answer.num_splits;
  plan->workspace_bytes = answer.workspace_bytes;
  plan->workspace_alignment = alignment;
  return result;
}

RunResult BaseSession::attend(const attest_attend* call) { return run(Operation::kAttend, call); }
RunResult BaseSession::attend_partial(const attest_attend_partial* call) {
  return run(Operation::kAttendPartial, call);
}
RunResult BaseSession::merge(const attest_merge* call) { return run(Operation::kMerge, call); }
RunResult BaseSession::append(const attest_append* call) { return run(Operation::kAppend, call); }
RunResult BaseSession::append_attend(const attest_append_attend* call) {
  return run(Operation::kAppendAttend, call);
}

}  // namespace attest::kernels
