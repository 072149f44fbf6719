// CUDA's multi-process service (MPS) for the kernel processes of one campaign: what they launch
// runs side by side on a device, where processes without it take turns. Needs no CUDA to build.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include "kernels/shared_object.h"

namespace attest::kernels::gpu {

/// One fault of a kernel ends the calls of all that the service serves, and a process that is
/// killed may. So the first time that goes wrong is the last: give_up(), and every process that
/// starts from then on does without. What failed under a service that is given up is to be run
/// again.
class Service {
 public:
  /// Starts one with nvidia-cuda-mps-control from PATH, in a folder of its own. Null where there is
  /// none or it does not start, with ATTEST_MPS=0, and where one of the user's own runs.
  /// The service ends with this process, however that ends: another one sees to it.
  /// `device`: what it and those it serves are to see (CUDA_VISIBLE_DEVICES), a UUID: under a
  /// service devices have other numbers, and a process that it does not serve after all has to find
  /// the same one. Empty: no change.
  static std::unique_ptr<Service> start(const std::string& device = "");
  /// Whether one of the user's own serves all processes.
  static bool runs_already();
  /// Ends the service. In a fork of the process that started it: nothing.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// In a kernel process, before its first call to CUDA: is served from then on.
  void enter() const;

  /// In every process forked after start(): whether nobody has given it up.
  bool on() const;
  void give_up();

 private:
  Service(std::filesystem::path folder, std::string device, pid_t keeper, int lifeline);

  std::filesystem::path folder_;
  std::string device_;
  pid_t owner_;
  pid_t keeper_;  ///< the process that ends the service
  int lifeline_;  ///< a pipe; the keeper acts when it is closed everywhere
  SharedObject<std::atomic<bool>> given_up_;
};

}  // namespace attest::kernels::gpu
