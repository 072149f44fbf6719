// A call's struct as the device needs it: the same call, its tensors and arrays where it keeps
// them.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/gpu/layout.h"

namespace attest::kernels::gpu {

class RelocatedCall {
 public:
  /// `stream` is what the kernel is to launch on. Host arrays (ints.host, the states of a merge)
  /// stay on the host.
  RelocatedCall(Operation operation, const void* argument, const Places& places, void* stream);

  /// The struct of the operation; lives as long as this.
  const void* argument() const { return argument_.get(); }

 private:
  std::shared_ptr<void> argument_;
  std::unique_ptr<attest_state[]> states_;
};

}  // namespace attest::kernels::gpu
