// Which memory a call's struct names: what a kernel may touch, and no more.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/attest_kernel.h"
#include "kernels/kernel_object.h"

namespace attest::kernels {

/// Bytes [data, data + bytes), and whether they have contents before the call.
struct CallMemory {
  const void* data;
  std::size_t bytes;
  bool initialised;
  const char* name;
};

/// Every buffer of a call, gaps between elements included, by address. Views of one buffer, such as
/// a V that is a prefix of K, are one. `argument` is the operation's struct.
std::vector<CallMemory> call_memory(Operation operation, const void* argument,
                                    const attest_conventions& conventions);

}  // namespace attest::kernels
