// What sessions have in common: everything but the way a call reaches the kernel. Internal to
// kernels/.
#pragma once

#include <memory>
#include <string>

#include "kernels/session.h"
#include "kernels/shared_object.h"
#include "kernels/worker.h"

namespace attest::kernels {

class BaseSession : public Session {
 public:
  explicit BaseSession(const KernelInfo& info) : info_(info) {}

  const KernelInfo& info() const override { return info_; }
  Arena& arena() override { return arena_; }
  std::int64_t kernel_nanoseconds() const override { return nanoseconds_; }
  std::uint64_t generation() const override { return generation_; }
  bool take_defect_ran() override;
  void set_schedule(const problem::Schedule& schedule) override { schedule_ = schedule; }

  void set_device_mode(DeviceMode mode) override { device_mode_ = mode; }

  bool supports(const attest_attend* call, RunResult* result) override;
  RunResult plan(const attest_attend* call, attest_plan_result* result) override;
  RunResult attend(const attest_attend* call) override;
  RunResult attend_partial(const attest_attend_partial* call) override;
  RunResult merge(const attest_merge* call) override;
  RunResult append(const attest_append* call) override;
  RunResult append_attend(const attest_append_attend* call) override;

 protected:
  /// One call; what it answered is in `answer` when the result is ok.
  virtual RunResult deliver(Operation operation, const void* argument, Answer* answer) = 0;

  Mailbox& mailbox() { return *mailbox_; }
  const problem::Schedule& schedule() const { return schedule_; }
  DeviceMode device_mode() const { return device_mode_; }
  /// Empties the mailbox for a kernel object that is about to be made.
  void begin_generation();

 private:
  bool take_mark();
  template <typename Call>
  RunResult perform(Operation operation, const Call* call, Answer* answer);
  template <typename Call>
  RunResult run(Operation operation, const Call* call);

  KernelInfo info_;
  Arena arena_;
  SharedObject<Mailbox> mailbox_;
  std::uint64_t generation_ = 0;
  problem::Schedule schedule_;
  DeviceMode device_mode_ = DeviceMode::kPlain;
  bool defect_ran_ = false;
  std::int64_t nanoseconds_ = 0;
};

RunResult to_result(const Answer& answer);
RunResult failed(std::string message);
RunResult create_failed(const RunResult& result);
std::string library_of(const KernelInfo& info);

/// A session whose kernel runs in a process of its own.
std::unique_ptr<Session> open_forked_session(const KernelInfo& info, const SessionOptions& options);

}  // namespace attest::kernels
