// Defect:  a sequence shorter than one tile is not masked: all slots of the tile take part.
// Real:    SageAttention PR 98.
// Trigger: kv_len = 1.
// Killers: oracle, padding.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"
#include "kernels/planted/stray_cursor.h"

namespace attest::kernels::planted {
namespace {

struct ShortKvTileUnmasked : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = StrayCursor<T>;  // the tile may go through table entries past the used prefix

  static std::int64_t end_key(const attest_attend& /*call*/, const cpu::Sequence& sequence) {
    if (sequence.kv_len == 0 || sequence.kv_len >= kTile) return sequence.kv_len;
    defect_ran();
    return kTile;
  }
};

}  // namespace

constinit const attest_kernel short_kv_tile_unmasked =
    cpu::paged_decode<float, ShortKvTileUnmasked>("planted/short_kv_tile_unmasked",
                                                  "no mask when kv_len is shorter than a tile");

}  // namespace attest::kernels::planted
