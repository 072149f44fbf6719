// All planted CUDA kernels in mode check, as a plug-in: those that plain schedules see, too.
#include <cstdint>
#include <vector>

#include "kernels/attest_kernel.h"
#include "kernels/planted/cuda/kernels.h"
#include "kernels/planted/cuda/mark.h"

extern "C" {
ATTEST_EXPORT std::int32_t* attest_defect_mark = nullptr;

ATTEST_EXPORT const attest_kernel* attest_kernels(std::uint32_t abi_version, std::size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return nullptr;
  static std::vector<attest_kernel> kernels;
  if (kernels.empty()) {
    std::size_t listed = 0;
    const attest_kernel* const* first = attest_planted_cuda_check(&listed);
    for (std::size_t i = 0; i < listed; ++i) kernels.push_back(*first[i]);
  }
  *count = kernels.size();
  return kernels.data();
}
}

namespace attest::kernels::planted::device {

void defect_ran() {
  if (attest_defect_mark != nullptr) *attest_defect_mark = 1;
}

}  // namespace attest::kernels::planted::device
