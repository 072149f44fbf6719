// What several parts of the table of labels ask of a declaration. Of kernels that attend: for
// others nobody asks (declared_labels).
#pragma once

#include "kernels/attest_kernel.h"
#include "kernels/kernel_info.h"

namespace attest::properties {

inline bool any_kernel(const kernels::KernelInfo&) { return true; }

inline bool takes_pages(const kernels::KernelInfo& info) {
  constexpr std::uint32_t kPaged =
      ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD) | ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_HND) |
      ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_INTERLEAVED) |
      ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT) | ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_MLA_LATENT);
  return (info.capabilities.layouts & kPaged) != 0;
}

}  // namespace attest::properties
