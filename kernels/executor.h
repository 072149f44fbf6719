// The SIMT executor behind a kernel that runs CUDA code on the CPU: its schedule before a call, its
// findings after it. Built-in kernels are linked with it; a plug-in brings its own, found by name
// (kernels/simt/control.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernels/attest_kernel.h"
#include "kernels/kernel_object.h"
#include "problem/schedule.h"

namespace attest::kernels {

class Executor {
 public:
  /// Of a loaded plug-in, or of a built-in kernel when `library` is empty; nothing for a kernel
  /// that does not run on one.
  static std::optional<Executor> find(const std::string& library, const attest_kernel& kernel);

  /// Before a call: sets the schedule and says which memory is the device's. `argument` is the
  /// operation's struct.
  void begin(const problem::Schedule& schedule, Operation operation, const void* argument,
             const attest_kernel& kernel) const;
  /// After it: what the executor found, first finding first, empty if nothing.
  std::string findings() const;

 private:
  Executor() = default;

  int (*set_schedule_)(std::int32_t policy, std::uint64_t seed, std::uint32_t horizon) = nullptr;
  std::size_t (*findings_)(char* buffer, std::size_t size) = nullptr;
  void (*announce_)(const void* data, std::size_t bytes, int initialised,
                    const char* name) = nullptr;
  void (*forget_announced_)() = nullptr;
};

}  // namespace attest::kernels
