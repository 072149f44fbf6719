// Defect:  the V load of the last tile is a whole tile: it goes through block table entries past
//          the used prefix, which hold whatever an earlier request left there. The weight is 0,
//          and 0 * NaN is NaN.
// Real:    vllm issue 42494.
// Trigger: a junk id in the table tail (outside the pool, or of a page that holds NaN).
// Killers: padding (table tail).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"
#include "kernels/planted/stray_cursor.h"

namespace attest::kernels::planted {
namespace {

struct TableTailRead : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = StrayCursor<T>;

  static std::int64_t value_rows(std::int64_t tile, std::int64_t num_keys, std::int64_t page_size) {
    const std::int64_t end = tile + num_keys;
    const std::int64_t page_end = (end + page_size - 1) / page_size * page_size;
    if (page_end < tile + kTile) defect_ran();
    return page_end < tile + kTile ? kTile : num_keys;
  }
};

}  // namespace

constinit const attest_kernel table_tail_read = cpu::paged_decode<float, TableTailRead>(
    "planted/table_tail_read", "loads V through table entries past the used prefix");

}  // namespace attest::kernels::planted
