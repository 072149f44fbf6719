// One kernel in this process: its object and its functions, behind one call that never throws.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/attest_kernel.h"
#include "kernels/device_mode.h"
#include "problem/schedule.h"

namespace attest::kernels {

enum class Operation : std::uint32_t {
  kQuit,
  kSupports,
  kPlan,
  kAttend,
  kAttendPartial,
  kMerge,
  kAppend,
  kAppendAttend
};

/// What a call left, as it travels between processes. Texts may lack their terminating zero.
struct Answer {
  attest_status status = ATTEST_OK;
  std::int32_t found = 0;          ///< 1: `message` is what the SIMT executor or the device found
  std::int32_t wrecked = 0;        ///< 1: the device's context is lost, and with it this process
  std::int32_t out_of_memory = 0;  ///< a std::bad_alloc came out
  std::int32_t supported = 0;      ///< of kSupports
  std::int32_t num_splits = 0;     ///< of kPlan, likewise the next two
  std::uint64_t workspace_bytes = 0;
  std::uint64_t workspace_alignment = 0;
  char message[256] = {};
  char path[64] = {};
};

class Arena;
class Executor;
namespace gpu {
class Device;
}

class KernelObject {
 public:
  /// Loads the kernel. A planted one sets *defect_mark when the line that makes it wrong runs
  /// (planted/defect.h). Calls lie in `arena`. Throws ContractError when there is none.
  KernelObject(const std::string& library, const std::string& name, std::int32_t* defect_mark,
               const Arena& arena);
  ~KernelObject();
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  /// The kernel's create(). Has to succeed before call().
  Answer create();
  void destroy();
  bool created() const { return created_; }

  /// `argument` points to the struct of that operation. A C++ exception out of a kernel is
  /// ATTEST_FAILED.
  Answer call(Operation operation, const void* argument, const problem::Schedule& schedule = {},
              DeviceMode mode = DeviceMode::kPlain);

 private:
  attest_status run(Operation operation, const void* argument, attest_report* report,
                    Answer* answer);

  /// Points the marks of built-in and of the plug-in's kernels to this object's.
  void place_mark() const;

  attest_kernel kernel_{};
  std::unique_ptr<Executor> executor_;   ///< of CUDA code that runs on the CPU
  std::unique_ptr<gpu::Device> device_;  ///< of CUDA code that runs on a GPU, once created
  const Arena& arena_;
  std::int32_t* mark_;
  std::int32_t** plugin_mark_;  ///< the plug-in's variable, nullptr when it has none
  void* self_ = nullptr;
  bool created_ = false;
};

}  // namespace attest::kernels
