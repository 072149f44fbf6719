// Defect:  the K load of the last tile covers the slots of the last page past kv_len, and their
//          scores are masked by adding -inf: NaN + -inf is NaN, and so is inf - inf.
// Real:    Wan2GP PR 1628, pytorch issue 101967.
// Trigger: kv_len % page_size != 0, NaN or infinity in K of an unused slot.
// Killers: padding (K, NaN).
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct KTailAdditiveMask : cpu::PagedDecodeSteps {
  static std::int64_t key_rows(std::int64_t tile, std::int64_t num_keys, std::int64_t page_size) {
    const std::int64_t end = tile + num_keys;
    const std::int64_t page_end = (end + page_size - 1) / page_size * page_size;
    return num_keys < kTile ? std::min(kTile, page_end - tile) : num_keys;
  }

  template <typename T>
  static T masked(T score) {
    const T sum = score + cpu::kMinusInfinity<T>;
    if (std::isnan(sum)) defect_ran();
    return sum;
  }
};

}  // namespace

constinit const attest_kernel k_tail_additive_mask = cpu::paged_decode<float, KTailAdditiveMask>(
    "planted/k_tail_additive_mask", "the mask is added to the scores of K rows past kv_len");

}  // namespace attest::kernels::planted
