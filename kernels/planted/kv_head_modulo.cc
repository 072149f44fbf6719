// Defect:  query head h reads KV head h % num_kv_heads: heads are dealt out instead of grouped.
// Real:    onnx PR 7274.
// Trigger: 2 KV heads, groups of 2.
// Killers: heads, oracle.
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct KvHeadModulo : cpu::RaggedBatchSteps {
  static std::int64_t kv_head(const attest_attend& call, std::int64_t head) {
    const std::int64_t kv_head = head % call.num_kv_heads;
    if (kv_head != cpu::kv_head_of(call, head)) defect_ran();
    return kv_head;
  }
};

}  // namespace

constinit const attest_kernel kv_head_modulo = cpu::ragged_batch<float, KvHeadModulo>(
    "planted/kv_head_modulo", "query heads are mapped to KV heads by modulo");

}  // namespace attest::kernels::planted
