// Defect:  the index of the first tile of 16 keys is rounded up: the keys between the edge of
//          the window and the next tile are never visited.
// Real:    TensorRT-LLM PR 6379.
// Trigger: a window that begins inside a tile.
// Killers: window (edge, slice), oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct WindowTileStartLate : cpu::PagedDecodeSteps {
  static std::int64_t first_tile(std::int64_t begin) {
    if (begin % kTile != 0) defect_ran();
    return (begin + kTile - 1) / kTile * kTile;
  }
};

}  // namespace

constinit const attest_kernel window_tile_start_late =
    cpu::paged_decode<float, WindowTileStartLate>("planted/window_tile_start_late",
                                                  "the first tile of the window is rounded up");

}  // namespace attest::kernels::planted
