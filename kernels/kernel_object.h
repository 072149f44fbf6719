// One kernel in this process: its object and its functions, behind one call that never throws.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/attest_kernel.h"

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

/// What a call left, as it travels through a pipe. Texts may lack their terminating zero.
struct Answer {
  attest_status status = ATTEST_OK;
  std::int32_t supported = 0;   ///< of kSupports
  std::int32_t num_splits = 0;  ///< of kPlan, likewise the next two
  std::uint64_t workspace_bytes = 0;
  std::uint64_t workspace_alignment = 0;
  std::int32_t defect_ran = 0;  ///< of planted kernels: the line that makes them wrong ran
  char message[256] = {};
  char path[64] = {};
};

class KernelObject {
 public:
  /// Loads the kernel. Throws ContractError when there is none.
  KernelObject(const std::string& library, const std::string& name);
  ~KernelObject() { destroy(); }
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  /// The kernel's create(). Has to succeed before call().
  Answer create();
  void destroy();
  bool created() const { return created_; }

  /// `argument` points to the struct of that operation. A C++ exception out of a kernel is
  /// ATTEST_FAILED.
  Answer call(Operation operation, const void* argument);

 private:
  attest_status run(Operation operation, const void* argument, attest_report* report,
                    Answer* answer);

  attest_kernel kernel_{};
  void* self_ = nullptr;
  bool created_ = false;
};

}  // namespace attest::kernels
