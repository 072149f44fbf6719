// Defect:  the V load of the last tile covers the slots of the last page past kv_len; their
//          weight is 0, and 0 * NaN is NaN.
// Real:    vllm PR 936, vllm PR 53856, flash-attention issue 1745.
// Trigger: kv_len % page_size != 0, NaN or infinity in V of an unused slot.
// Killers: padding (V, NaN).
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct VTailNotZeroed : cpu::PagedDecodeSteps {
  static std::int64_t value_rows(std::int64_t tile, std::int64_t num_keys, std::int64_t page_size) {
    const std::int64_t end = tile + num_keys;
    const std::int64_t page_end = (end + page_size - 1) / page_size * page_size;
    const std::int64_t rows = num_keys < kTile ? std::min(kTile, page_end - tile) : num_keys;
    if (rows > num_keys) defect_ran();
    return rows;
  }
};

}  // namespace

constinit const attest_kernel v_tail_not_zeroed = cpu::paged_decode<float, VTailNotZeroed>(
    "planted/v_tail_not_zeroed", "V rows past kv_len in the last page take part with weight 0");

}  // namespace attest::kernels::planted
