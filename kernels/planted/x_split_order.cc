// Defect:  in the x-split layout lane d of a key is looked for at [d % (D / x)][d / (D / x)], where
//          it is at [d / x][d % x].
// Real:    a classic slip of teaching material on the layout of vLLM's paged attention.
// Trigger: x-split layout, head_dim_qk > x.
// Killers: oracle, features.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class SwappedSplit : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Lanes = cpu::Lanes<const typename cpu::KvCursor<T>::Element>;

  Lanes k(std::int64_t key, std::int64_t kv_head) const {
    const Lanes lanes = cpu::KvCursor<T>::k(key, kv_head);
    const std::int64_t blocks = lanes.block == 0 ? 1 : this->call_.head_dim_qk / lanes.block;
    if (blocks == 1) return lanes;
    defect_ran();
    return {lanes.data, lanes.block_stride, blocks, lanes.stride};
  }
};

struct XSplitOrder : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = SwappedSplit<T>;
};

}  // namespace

constinit const attest_kernel x_split_order = cpu::paged_decode<cpu::F16, XSplitOrder>(
    "planted/x_split_order", "the two indices of a lane in the x-split layout are swapped");

}  // namespace attest::kernels::planted
