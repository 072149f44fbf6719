// Defect:  append takes a page to have 16 slots, whatever the call says.
// Real:    vllm issue 57614.
// Trigger: page_size != 16, a slot past the first 16 or past the first page.
// Killers: memory (append), chunking (append then attend).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct PageSizeHardCoded : cpu::PagedDecodeSteps {
  static constexpr std::int64_t kPageSize = 16;

  static std::int64_t slots_per_page(const attest_append& call) {
    if (call.page_size != kPageSize) defect_ran();
    return kPageSize;
  }

  // Larger pages lead out of the pool, where a real kernel writes into somebody's memory.
  static std::int64_t slot(const attest_append& call, std::int64_t entry) {
    return entry / kPageSize < call.num_pages ? entry : -1;
  }
};

}  // namespace

constinit const attest_kernel page_size_hard_coded = cpu::paged_decode<float, PageSizeHardCoded>(
    "planted/page_size_hard_coded", "append takes every page to have 16 slots");

}  // namespace attest::kernels::planted
