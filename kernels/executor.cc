#include "kernels/executor.h"

#include <array>
#include <type_traits>

#include "kernels/builtin.h"
#include "kernels/call_memory.h"
#include "kernels/library.h"
#include "kernels/simt/control.h"

namespace attest::kernels {

std::optional<Executor> Executor::find(const std::string& library, const attest_kernel& kernel) {
  Executor executor;
  if (library.empty()) {
    if (!runs_on_executor(kernel)) return std::nullopt;
    executor.set_schedule_ = &attest_simt_set_schedule;
    executor.findings_ = &attest_simt_findings;
    executor.announce_ = &attest_simt_announce;
    executor.forget_announced_ = &attest_simt_forget_announced;
    return executor;
  }
  const auto look_up = [&library](const char* symbol, auto& function) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(find_symbol(library, symbol));
    return function != nullptr;
  };
  const bool whole = look_up("attest_simt_set_schedule", executor.set_schedule_) &&
                     look_up("attest_simt_findings", executor.findings_) &&
                     look_up("attest_simt_announce", executor.announce_) &&
                     look_up("attest_simt_forget_announced", executor.forget_announced_);
  if (!whole) return std::nullopt;
  return executor;
}

void Executor::begin(const problem::Schedule& schedule, Operation operation, const void* argument,
                     const attest_kernel& kernel) const {
  const bool unlimited = schedule.horizon == problem::Schedule::kNoHorizon;
  set_schedule_(static_cast<std::int32_t>(schedule.policy), schedule.seed,
                unlimited ? UINT32_MAX : schedule.horizon);
  forget_announced_();
  for (const CallMemory& memory : call_memory(operation, argument, kernel.conventions)) {
    announce_(memory.data, memory.bytes, memory.initialised ? 1 : 0, memory.name);
  }
}

std::string Executor::findings() const {
  std::array<char, 4096> text{};
  findings_(text.data(), text.size());
  return text.data();
}

}  // namespace attest::kernels
