// Defect:  where a page is as long as a tile, every tile is taken to be full and the mask of the
//          last one is left out.
// Real:    zml PR 563, tt-metal issue 41215.
// Trigger: page_size = 16, the tile, and kv_len % 16 != 0.
// Killers: padding (dominating finite), oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct BoundaryMaskSkippedWhenTileEqualsPage : cpu::PagedDecodeSteps {
  static std::int64_t end_key(const attest_attend& call, const cpu::Sequence& sequence) {
    if (call.page_size != kTile || sequence.kv_len % kTile == 0) return sequence.kv_len;
    defect_ran();
    return (sequence.kv_len + kTile - 1) / kTile * kTile;
  }
};

}  // namespace

constinit const attest_kernel boundary_mask_skipped_when_tile_equals_page =
    cpu::paged_decode<float, BoundaryMaskSkippedWhenTileEqualsPage>(
        "planted/boundary_mask_skipped_when_tile_equals_page",
        "no mask in the last page when a page is as long as a tile");

}  // namespace attest::kernels::planted
