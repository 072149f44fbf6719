// Defect:  the loop over keys is bounded by q_len instead of kv_len.
// Real:    jax issue 24491.
// Trigger: q_len < kv_len.
// Killers: oracle, chunking.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct BoundFromQLen : cpu::RaggedBatchSteps {
  static std::int64_t end_key(const attest_attend& call, const cpu::Sequence& sequence,
                              std::int64_t position) {
    const std::int64_t end = cpu::RaggedBatchSteps::end_key(call, sequence, position);
    if (sequence.q_len < end) defect_ran();
    return std::min(sequence.q_len, end);
  }
};

}  // namespace

constinit const attest_kernel bound_from_q_len = cpu::ragged_batch<float, BoundFromQLen>(
    "planted/bound_from_q_len", "the loop over keys is bounded by q_len");

}  // namespace attest::kernels::planted
