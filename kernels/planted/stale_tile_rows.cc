// Defect:  the rows of a key tile that have no key keep what the tile held before: keys of the
//          previous tile, head or sequence, positions included.
// Real:    flash-attention issue 1395.
// Trigger: a tile that is not full after one that was fuller.
// Killers: oracle, padding, determinism.
#include <cstdint>

#include "kernels/cpu/tiled_prefill.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct StaleTileRows : cpu::TiledPrefillSteps {
  template <typename T>
  static void clear_rows(cpu::KeyTile<T>& tile, std::int64_t first, std::int64_t /*head_dim_v*/) {
    if (tile.position[static_cast<std::size_t>(first)] != cpu::kNoKey) defect_ran();
  }
};

}  // namespace

constinit const attest_kernel stale_tile_rows = cpu::tiled_prefill<float, StaleTileRows>(
    "planted/stale_tile_rows", "rows of a tile past the last key keep the previous tile's keys");

}  // namespace attest::kernels::planted
