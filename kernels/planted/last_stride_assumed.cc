// Defect:  lanes of keys and values are taken to lie side by side, whatever the last stride is.
// Real:    pytorch PR 187506.
// Trigger: a cache that is a view with a gap between lanes, head_dim 2.
// Killers: oracle (strides).
#include <cstdint>

#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class SideBySide : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Lanes = cpu::Lanes<const typename cpu::KvCursor<T>::Element>;

  Lanes k(std::int64_t key, std::int64_t kv_head) const {
    return side_by_side(cpu::KvCursor<T>::k(key, kv_head), this->call_.head_dim_qk);
  }
  Lanes v(std::int64_t key, std::int64_t kv_head) const {
    return side_by_side(cpu::KvCursor<T>::v(key, kv_head), this->call_.head_dim_v);
  }

 private:
  static Lanes side_by_side(Lanes lanes, std::int64_t head_dim) {
    if (lanes.stride != 1 && head_dim > 1) defect_ran();
    lanes.stride = 1;
    return lanes;
  }
};

struct LastStrideAssumed : cpu::PrefillKeyOuterSteps {
  template <typename T>
  using Cursor = SideBySide<T>;
};

}  // namespace

constinit const attest_kernel last_stride_assumed =
    cpu::prefill_key_outer<float, LastStrideAssumed>(
        "planted/last_stride_assumed", "the innermost stride of keys and values is taken as 1");

}  // namespace attest::kernels::planted
