#include "kernels/session.h"

#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "kernels/child_process.h"
#include "kernels/shared_mark.h"
#include "kernels/text.h"
#include "kernels/worker.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;

// What a kernel may ask for at most; more could not be placed in the arena.
constexpr std::uint64_t kMaxWorkspace = std::uint64_t{1} << 30;

RunResult to_result(const Answer& answer) {
  RunResult result;
  result.message = printable_field(answer.message, sizeof(answer.message));
  result.path = printable_field(answer.path, sizeof(answer.path));
  if (answer.status == ATTEST_OK) return result;
  result.outcome = answer.status == ATTEST_REFUSED ? Outcome::kRefused : Outcome::kFailed;
  if (answer.status != ATTEST_REFUSED && answer.status != ATTEST_FAILED) {
    result.message = fmt::format("unknown status {}{}{}", answer.status,
                                 result.message.empty() ? "" : ": ", result.message);
  }
  return result;
}

std::string library_of(const KernelInfo& info) {
  return info.library.empty() ? "built-in kernels" : info.library;
}

std::string create_failed(const RunResult& result) {
  return "create() failed" + (result.message.empty() ? "" : ": " + result.message);
}

RunResult failed(std::string message) { return {Outcome::kFailed, std::move(message), ""}; }

// Everything but the way a call reaches the kernel.
class BaseSession : public Session {
 public:
  explicit BaseSession(const KernelInfo& info) : info_(info) {}

  const KernelInfo& info() const override { return info_; }
  Arena& arena() override { return arena_; }
  std::int64_t kernel_nanoseconds() const override { return nanoseconds_; }
  bool take_defect_ran() override { return std::exchange(defect_ran_, false); }

  bool supports(const attest_attend* call, RunResult* result) override {
    *result = {};
    if (!info_.has_supports) return true;
    Answer answer;
    *result = perform(Operation::kSupports, call, &answer);
    return result->ok() && answer.supported != 0;
  }

  RunResult plan(const attest_attend* call, attest_plan_result* plan) override {
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

  RunResult attend(const attest_attend* call) override { return run(Operation::kAttend, call); }
  RunResult attend_partial(const attest_attend_partial* call) override {
    return run(Operation::kAttendPartial, call);
  }
  RunResult merge(const attest_merge* call) override { return run(Operation::kMerge, call); }
  RunResult append(const attest_append* call) override { return run(Operation::kAppend, call); }
  RunResult append_attend(const attest_append_attend* call) override {
    return run(Operation::kAppendAttend, call);
  }

 protected:
  /// One call; what it answered is in `answer` when the result is ok.
  virtual RunResult deliver(Operation operation, const void* argument, Answer* answer) = 0;

  std::int32_t* defect_mark() { return mark_.get(); }

 private:
  template <typename Call>
  RunResult perform(Operation operation, const Call* call, Answer* answer) {
    if (!arena_.contains(call, sizeof(Call))) {
      throw ContractError("session: a call's struct lies outside the session's arena");
    }
    mark_.take();
    const Clock::time_point begin = Clock::now();
    RunResult result = deliver(operation, call, answer);
    nanoseconds_ += std::chrono::nanoseconds(Clock::now() - begin).count();
    result.defect_ran = mark_.take();
    defect_ran_ |= result.defect_ran;
    return result;
  }

  template <typename Call>
  RunResult run(Operation operation, const Call* call) {
    Answer answer;
    return perform(operation, call, &answer);
  }

  KernelInfo info_;
  Arena arena_;
  SharedMark mark_;
  bool defect_ran_ = false;
  std::int64_t nanoseconds_ = 0;
};

class ForkedSession : public BaseSession {
 public:
  ForkedSession(const KernelInfo& info, const SessionOptions& options)
      : BaseSession(info), timeout_(options.timeout) {
    Started started = start();
    if (!started.loaded) throw PluginError(library_of(info), started.result.message);
    if (!started.result.ok()) at_open_ = std::move(started.result);
  }

  ~ForkedSession() override { ForkedSession::restart(); }

  void restart() override {
    at_open_.reset();
    if (!process_) return;
    if (!process_->is_mine()) return process_.reset();
    const Command quit{0, Operation::kQuit, 0, nullptr};
    process_->send(&quit, sizeof(quit));
    process_->finish(Milliseconds(500));
    process_.reset();
  }

 protected:
  RunResult deliver(Operation operation, const void* argument, Answer* answer) override {
    if (at_open_) return *std::exchange(at_open_, std::nullopt);
    if (!process_) {
      if (const Started started = start(); !started.result.ok()) return started.result;
    }
    const Command command{++sequence_, operation, 0, argument};
    process_->send(&command, sizeof(command));
    Reply reply;
    if (std::optional<RunResult> died = await(Stage::kCalled, sequence_, &reply)) return *died;
    *answer = reply.answer;
    return to_result(reply.answer);
  }

 private:
  struct Started {
    RunResult result;
    bool loaded = true;
  };

  // A process with a loaded kernel and its object.
  Started start() {
    process_.emplace([this](int commands, int replies) {
      serve(info().library, info().name, commands, replies, defect_mark());
    });
    Reply reply;
    if (std::optional<RunResult> died = await(Stage::kLoaded, 0, &reply)) {
      died->message = "while being loaded: " + died->message;
      return {*died, false};
    }
    RunResult result = to_result(reply.answer);
    if (reply.stage == Stage::kCannotLoad) {
      process_.reset();
      return {failed(result.message), false};
    }
    if (std::optional<RunResult> died = await(Stage::kCreated, 0, &reply)) {
      died->message = "in create(): " + died->message;
      return {*died};
    }
    result = to_result(reply.answer);
    if (result.ok()) return {result};
    process_.reset();
    return {failed(create_failed(result))};
  }

  // Waits for one reply. Returns how the process died instead; then there is none any more.
  std::optional<RunResult> await(Stage stage, std::uint64_t sequence, Reply* reply) {
    std::size_t count = 0;
    const auto received = process_->receive(reply, sizeof(*reply), &count, timeout_);
    if (received == ChildProcess::Received::kTimeout) {
      process_.reset();
      return RunResult{
          Outcome::kHang,
          fmt::format("no answer within {:.1f} s", static_cast<double>(timeout_.count()) / 1000),
          ""};
    }
    if (received == ChildProcess::Received::kEnd) {
      std::string how = process_->finish(Milliseconds(1000));
      process_.reset();
      if (how.empty() || how == fmt::format("exit code {}", kExitPipeGone))
        how = "closed the pipe to attest";
      return RunResult{Outcome::kCrash, std::move(how), ""};
    }
    const bool stage_fits =
        reply->stage == stage || (stage == Stage::kLoaded && reply->stage == Stage::kCannotLoad);
    if (count == sizeof(*reply) && reply->magic == Reply::kMagic && reply->sequence == sequence &&
        stage_fits) {
      return std::nullopt;
    }
    process_.reset();
    return RunResult{Outcome::kCrash, "wrote into the pipe to attest", ""};
  }

  std::chrono::milliseconds timeout_;
  std::optional<ChildProcess> process_;
  std::optional<RunResult> at_open_;  // how the first start went wrong; the first call's result
  std::uint64_t sequence_ = 0;
};

class InProcessSession : public BaseSession {
 public:
  explicit InProcessSession(const KernelInfo& info) : BaseSession(info) {
    try {
      kernel_.emplace(info.library, info.name, defect_mark());
    } catch (const ContractError& error) {
      throw PluginError(library_of(info), error.what());
    }
  }

  void restart() override { kernel_->destroy(); }

 protected:
  RunResult deliver(Operation operation, const void* argument, Answer* answer) override {
    if (!kernel_->created()) {
      const RunResult created = to_result(kernel_->create());
      if (!created.ok()) return failed(create_failed(created));
    }
    *answer = kernel_->call(operation, argument);
    return to_result(*answer);
  }

 private:
  std::optional<KernelObject> kernel_;
};

}  // namespace

std::unique_ptr<Session> open_session(const KernelInfo& info, const SessionOptions& options) {
  validate(info);
  if (info.capabilities.device != ATTEST_CPU) {
    throw PluginError(
        library_of(info),
        fmt::format("kernel '{}' needs a CUDA device; this build calls CPU kernels only",
                    info.name));
  }
  if (options.in_process) return std::make_unique<InProcessSession>(info);
  return std::make_unique<ForkedSession>(info, options);
}

}  // namespace attest::kernels
