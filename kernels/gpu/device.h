// The CUDA device of a kernel process: its context, a stream and the memory that calls are staged
// through. A call costs one copy to the device and one back, both pinned, and one wait.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kernels/arena.h"
#include "kernels/attest_kernel.h"
#include "kernels/device_mode.h"
#include "kernels/kernel_object.h"

namespace attest::kernels::gpu {

class Service;

class Device {
 public:
  /// Creates the context. Calls lie in `arena`. Throws ContractError with CUDA's own words when
  /// there is no device.
  explicit Device(const Arena& arena);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  struct Result {
    attest_status status = ATTEST_OK;
    std::string finding;   ///< "kind: text": a canary, or an error of the device
    bool wrecked = false;  ///< the context is lost: this process can run nothing any more
  };

  /// Stages a call, has `run` carry it out on the device's memory and stream, and brings everything
  /// back that the kernel may have written. `run` gets the operation's struct. Throws: what `run`
  /// does; ContractError when the device has no memory for the call.
  Result call(Operation operation, const void* argument, const attest_conventions& conventions,
              DeviceMode mode, const std::function<attest_status(const void* argument)>& run);

  /// What is wrong with the context, be it this call's fault or not; nothing when it is of use.
  std::optional<std::string> lost() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Why this machine cannot run CUDA kernels (one line), or nothing. Looked up once; in a process of
/// its own, since a program that has touched CUDA can fork no kernel process, unless kernels run
/// `in_process` (where compute-sanitizer, which follows no fork, has to see them).
std::optional<std::string> why_no_device(bool in_process = false);

/// The device that kernels run on, as CUDA_VISIBLE_DEVICES names it whatever else there is; empty
/// where that is not known.
std::string device_name();

/// Whether a process under the service gets a context, and soon, on a device where such processes
/// cannot reach each other's memory (from Volta on) and others may have one without the service.
bool serves(const Service& service);

}  // namespace attest::kernels::gpu
