// Defect:  a negative slot counts from the end of the cache: a padding token is stored in the
//          last slots instead of nowhere.
// Real:    tokenspeed PR 709.
// Trigger: a slot of -1 in the mapping.
// Killers: memory (append).
#include <cstdint>

#include "kernels/cpu/append.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct NegativeSlotWraps : cpu::AppendSteps {
  static std::int64_t slot(const attest_append& call, std::int64_t entry) {
    if (entry >= 0) return entry;
    defect_ran();
    const bool paged = call.layout >= ATTEST_LAYOUT_PAGED_NHD;
    return entry + (paged ? call.num_pages * call.page_size : call.k.shape[0]);
  }
};

}  // namespace

constinit const attest_kernel negative_slot_wraps = cpu::append<float, NegativeSlotWraps>(
    "planted/negative_slot_wraps", "padding tokens are stored at the end of the cache");

}  // namespace attest::kernels::planted
