// Defect:  a query head is divided by the number of KV heads instead of the group.
// Real:    HipKittens PR 22, ONNXim issue 33.
// Trigger: group != num_kv_heads.
// Killers: heads, oracle.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct GroupForCount : cpu::RaggedBatchSteps {
  static std::int64_t kv_head(const attest_attend& call, std::int64_t head) {
    // A real kernel would leave the tensor when the group is the larger of the two.
    const std::int64_t kv_head =
        std::min<std::int64_t>(head / call.num_kv_heads, call.num_kv_heads - 1);
    if (kv_head != cpu::kv_head_of(call, head)) defect_ran();
    return kv_head;
  }
};

}  // namespace

constinit const attest_kernel group_for_count = cpu::ragged_batch<float, GroupForCount>(
    "planted/group_for_count", "query heads are divided by num_kv_heads");

}  // namespace attest::kernels::planted
