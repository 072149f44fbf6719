#include "kernels/kernel_object.h"

#include <cstdio>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <new>
#include <utility>

#include "kernels/executor.h"
#include "kernels/gpu/device.h"
#include "kernels/kernel_info.h"
#include "kernels/library.h"
#include "kernels/planted/defect.h"

namespace attest::kernels {
namespace {

void set_message(attest_report* report, const char* text, const char* more = "") {
  std::snprintf(report->message, sizeof(report->message), "%s%s", text, more);
}

attest_report empty_report() {
  attest_report report{};
  report.struct_size = sizeof(report);
  return report;
}

void copy_texts(const attest_report& report, Answer* answer) {
  static_assert(sizeof(answer->message) == sizeof(report.message));
  static_assert(sizeof(answer->path) == sizeof(report.path));
  std::memcpy(answer->message, report.message, sizeof(report.message));
  std::memcpy(answer->path, report.path, sizeof(report.path));
}

/// A program with an unwinder of its own (preset gpu-static) is asked for its handlers by the one
/// of a plug-in that throws. It can answer only after an exception of its own.
void wake_unwinder() {
  try {
    throw 0;
  } catch (int) {
  }
}

template <typename Function>
attest_status guarded(attest_report* report, Answer* answer, const Function& function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    answer->out_of_memory = 1;
    set_message(report, "C++ exception: std::bad_alloc");
  } catch (const std::exception& error) {
    set_message(report, "C++ exception: ", error.what());
  } catch (const abi::__forced_unwind&) {
    throw;  // pthread_exit(): cannot be stopped
  } catch (...) {
    set_message(report, "C++ exception of an unknown type");
  }
  return ATTEST_FAILED;
}

template <typename Function, typename Argument>
attest_status run_one(Function function, void* self, const Argument* call, attest_report* report) {
  if (function == nullptr) {
    set_message(report, "the kernel does not have this operation");
    return ATTEST_FAILED;
  }
  return function(self, call, report);
}

}  // namespace

KernelObject::KernelObject(const std::string& library, const std::string& name,
                           std::int32_t* defect_mark, const Arena& arena)
    : kernel_(complete(*load_kernel(library, name))),
      arena_(arena),
      mark_(defect_mark),
      plugin_mark_(find_defect_mark(library)) {
  wake_unwinder();
  if (auto executor = Executor::find(library, kernel_)) {
    executor_ = std::make_unique<Executor>(*std::move(executor));
  }
}

KernelObject::~KernelObject() { destroy(); }

void KernelObject::place_mark() const {
  // In one process several objects may take turns.
  planted::defect_mark = mark_;
  if (plugin_mark_ != nullptr) *plugin_mark_ = mark_;
}

Answer KernelObject::create() {
  place_mark();
  Answer answer;
  attest_report report = empty_report();
  answer.status = guarded(&report, &answer, [&]() -> attest_status {
    if (kernel_.capabilities.device == ATTEST_CUDA) device_ = std::make_unique<gpu::Device>(arena_);
    return kernel_.create == nullptr ? ATTEST_OK : kernel_.create(&self_, &report);
  });
  created_ = answer.status == ATTEST_OK;
  copy_texts(report, &answer);
  return answer;
}

void KernelObject::destroy() {
  if (!created_) return;
  created_ = false;
  if (kernel_.destroy != nullptr) kernel_.destroy(self_);
  self_ = nullptr;
}

Answer KernelObject::call(Operation operation, const void* argument,
                          const problem::Schedule& schedule, DeviceMode mode) {
  Answer answer;
  attest_report report = empty_report();
  place_mark();
  if (executor_ != nullptr) executor_->begin(schedule, operation, argument, kernel_);
  std::string finding;
  answer.status = guarded(&report, &answer, [&]() -> attest_status {
    if (device_ == nullptr) return run(operation, argument, &report, &answer);
    const gpu::Device::Result result = device_->call(
        operation, argument, kernel_.conventions, mode,
        [&](const void* on_device) { return run(operation, on_device, &report, &answer); });
    finding = result.finding;
    answer.wrecked = result.wrecked ? 1 : 0;
    return result.status;
  });
  if (device_ != nullptr && answer.status == ATTEST_FAILED && answer.wrecked == 0) {
    if (const auto why = device_->lost()) {
      finding = "device_error: " + *why;
      answer.wrecked = 1;
    }
  }
  if (executor_ != nullptr) {
    finding = executor_->findings();
    finding = finding.substr(0, finding.find('\n'));
  }
  if (!finding.empty()) {
    set_message(&report, finding.c_str());
    answer.status = ATTEST_FAILED;
    answer.found = 1;
  }
  copy_texts(report, &answer);
  return answer;
}

attest_status KernelObject::run(Operation operation, const void* argument, attest_report* report,
                                Answer* answer) {
  const auto* attend = static_cast<const attest_attend*>(argument);
  switch (operation) {
    case Operation::kQuit:
      return ATTEST_OK;
    case Operation::kSupports:
      answer->supported = kernel_.supports == nullptr || kernel_.supports(attend) != 0 ? 1 : 0;
      return ATTEST_OK;
    case Operation::kPlan: {
      attest_plan_result plan{};
      plan.struct_size = sizeof(plan);
      const attest_status status =
          kernel_.plan == nullptr ? ATTEST_OK : kernel_.plan(self_, attend, &plan, report);
      answer->num_splits = plan.num_splits;
      answer->workspace_bytes = plan.workspace_bytes;
      answer->workspace_alignment = plan.workspace_alignment;
      return status;
    }
    case Operation::kAttend:
      return run_one(kernel_.attend, self_, attend, report);
    case Operation::kAttendPartial:
      return run_one(kernel_.attend_partial, self_,
                     static_cast<const attest_attend_partial*>(argument), report);
    case Operation::kMerge:
      return run_one(kernel_.merge, self_, static_cast<const attest_merge*>(argument), report);
    case Operation::kAppend:
      return run_one(kernel_.append, self_, static_cast<const attest_append*>(argument), report);
    case Operation::kAppendAttend:
      return run_one(kernel_.append_attend, self_,
                     static_cast<const attest_append_attend*>(argument), report);
  }
  set_message(report, "no such operation");
  return ATTEST_FAILED;
}

}  // namespace attest::kernels
