// What several parts of the table of labels ask of a declaration. Of kernels that attend: for
// others nobody asks (declared_labels).
#pragma once

#include "kernels/declare.h"
#include "kernels/kernel_info.h"

namespace attest::properties {

inline bool any_kernel(const kernels::KernelInfo&) { return true; }

inline bool takes_pages(const kernels::KernelInfo& info) {
  return (info.capabilities.layouts & (kernels::kEveryPaged | kernels::kLatent)) != 0;
}

}  // namespace attest::properties
