// Defect:  rows are placed at the end of the cache, whatever start_pos says: a chunk that is not
//          the last sees tokens that come after it.
// Real:    nano-vllm issue 212.
// Trigger: start_pos + q_len < kv_len.
// Killers: causality (poisoned future), oracle.
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct ChunkSeesWholeLength : cpu::PrefillQueryOuterSteps {
  static std::int64_t position(const cpu::Sequence& sequence, std::int64_t row) {
    const std::int64_t position = sequence.kv_len - sequence.q_len + row;
    if (position != sequence.position(row)) defect_ran();
    return position;
  }
};

}  // namespace

constinit const attest_kernel chunk_sees_whole_length =
    cpu::prefill_query_outer<float, ChunkSeesWholeLength>(
        "planted/chunk_sees_whole_length",
        "keys are bounded by the final length, not by the end of the chunk");

}  // namespace attest::kernels::planted
