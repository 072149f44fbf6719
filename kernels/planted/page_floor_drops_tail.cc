// Defect:  walks each page in page_size / 4 tiles of 4 keys; the division floors, and the rest
//          of the page is never visited.
// Real:    TileOPs PR 1787.
// Trigger: page_size % 4 != 0.
// Killers: oracle, paging (page size).
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct PageFloorDropsTail : cpu::PagedDecodeSteps {
  static constexpr std::int64_t kPageTile = 4;
  static constexpr std::int32_t kDeclaredTile = 0;  // the last of every page may be shorter

  static std::int64_t tiled(std::int64_t page_size) { return page_size / kPageTile * kPageTile; }

  static std::int64_t tile_end(std::int64_t tile, std::int64_t end, std::int64_t page_size) {
    const std::int64_t page = tile / page_size * page_size;
    const std::int64_t tiled_end = std::min(page + tiled(page_size), end);
    if (tiled_end < std::min(page + page_size, end)) defect_ran();
    return std::max(tile, std::min(tile + kPageTile, tiled_end));
  }

  static std::int64_t next_tile(std::int64_t tile_end, std::int64_t page_size) {
    const bool page_done = tile_end % page_size >= tiled(page_size);
    return page_done ? (tile_end / page_size + 1) * page_size : tile_end;
  }
};

}  // namespace

constinit const attest_kernel page_floor_drops_tail = cpu::paged_decode<float, PageFloorDropsTail>(
    "planted/page_floor_drops_tail", "keys past the last whole tile of a page are skipped");

}  // namespace attest::kernels::planted
