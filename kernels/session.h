// One kernel, ready to be called: in a forked process (the rule) or in this one (debuggers,
// sanitizers). Whatever the kernel does, a call returns a RunResult: crashes and hangs are values.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/arena.h"
#include "kernels/attest_kernel.h"
#include "kernels/crash_record.h"
#include "kernels/device_mode.h"
#include "kernels/kernel_info.h"
#include "problem/schedule.h"

namespace attest::kernels {

namespace gpu {
class Service;
}

/// A kernel needs a CUDA device, and this machine or this build has none.
class NoDeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Outcome : std::uint8_t {
  kOk,
  kRefused,
  kFailed,
  kCrash,
  kHang,
  kFinding  ///< the SIMT executor or the device found something: message is "kind: text"
};

struct RunResult {
  Outcome outcome = Outcome::kOk;
  /// The kernel's own, or how it died: "signal 6 (Aborted): free(): invalid pointer"; printable.
  std::string message;
  std::string path;                 ///< code path the kernel reported
  std::optional<Fault> fault = {};  ///< of a crash or a hang: where it was
  bool defect_ran = false;          ///< of planted kernels: the line that makes them wrong ran
  bool ok() const { return outcome == Outcome::kOk; }
};

/// Which kernel, before anything of it is loaded.
struct KernelRef {
  std::string library;  ///< plug-in path, empty: built in
  std::string name;
};

std::uint64_t default_kernel_memory();

struct SessionOptions {
  /// Per call; then the process is killed: Outcome::kHang. Time in which the machine kept the
  /// kernel waiting for a core does not count (own_time.h), but 20 times as much is the end in any
  /// case.
  std::chrono::milliseconds timeout{10'000};
  bool in_process = false;
  /// How long each side looks for the other's word before it sleeps. To be woken takes longer than
  /// many a call, but to look costs a core each.
  std::chrono::nanoseconds patience{0};
  /// What a kernel process may allocate; 0: as much as there is. Default: a quarter of the
  /// machine's memory, between 1 and 8 GiB.
  std::uint64_t memory = default_kernel_memory();
  /// What kernel processes share a GPU through, as long as it is on; null: they take turns. It must
  /// outlive the session.
  gpu::Service* service = nullptr;
};

/// Not thread-safe, and to be destroyed by the thread that opened it: the kernel process dies with
/// that thread. Structs and tensors passed to a call must lie in arena() (Launch puts them there);
/// ContractError for a struct that does not. After a crash or a hang the next call starts a new
/// process with a fresh kernel object.
class Session {
 public:
  virtual ~Session() = default;
  virtual const KernelInfo& info() const = 0;
  virtual Arena& arena() = 0;

  /// The kernel's own supports(); true when it has none. A crash in it is a RunResult through
  /// `result`.
  virtual bool supports(const attest_attend* call, RunResult* result) = 0;
  virtual RunResult plan(const attest_attend* call, attest_plan_result* result) = 0;
  virtual RunResult attend(const attest_attend* call) = 0;
  virtual RunResult attend_partial(const attest_attend_partial* call) = 0;
  virtual RunResult merge(const attest_merge* call) = 0;
  virtual RunResult append(const attest_append* call) = 0;
  virtual RunResult append_attend(const attest_append_attend* call) = 0;

  /// Thread schedule of the calls from here on, of a kernel on the SIMT executor.
  virtual void set_schedule(const problem::Schedule& schedule) = 0;

  /// How the calls from here on run, where that is on a GPU.
  virtual void set_device_mode(DeviceMode /*mode*/) {}

  /// Ends the process (or the kernel object); the next call starts afresh.
  virtual void restart() = 0;
  /// How many kernel objects there were so far: what a kernel remembers, it remembers of calls
  /// since this last changed.
  virtual std::uint64_t generation() const = 0;
  /// Nanoseconds spent waiting for the kernel so far.
  virtual std::int64_t kernel_nanoseconds() const = 0;
  /// Of planted kernels: whether the line that makes them wrong ran in a call since this was last
  /// asked, one that crashed or hung included.
  virtual bool take_defect_ran() = 0;
  /// Whether a call since this was last asked ran under SessionOptions::service when that was given
  /// up, for the fault of this kernel or of another one: what failed is to be run again.
  virtual bool take_disturbed() { return false; }
};

/// Throws NoDeviceError, one line that says how to run the same code without a device.
void require_device(const KernelInfo& info, bool in_process = false);

/// Throws NoDeviceError, and PluginError when the library or the kernel in it cannot be used. A
/// create() that fails, crashes or hangs is the RunResult of the first call instead.
std::unique_ptr<Session> open_session(const KernelInfo& info, const SessionOptions& options);

/// Declarations of the built-in kernels, correct ones first.
std::vector<KernelInfo> builtin_infos();
/// Declarations of a plug-in, read in a forked process; this process never loads it.
/// Throws PluginError, one line: no such file, not a shared library, symbol missing, other ABI, no
/// kernels, nonsense declared, two kernels of one name, a crash while loading, not loaded within
/// `timeout`.
std::vector<KernelInfo> plugin_infos(
    const std::string& path, std::chrono::milliseconds timeout = std::chrono::milliseconds(10'000));

}  // namespace attest::kernels
