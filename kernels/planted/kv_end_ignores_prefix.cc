// Defect:  the last key to visit is min(kv_len, i + 1) for row i of the chunk: the tokens cached
//          before the chunk are not counted.
// Real:    sparkinfer issue 3.
// Trigger: start_pos > 0.
// Killers: chunking, oracle.
#include <cstdint>

#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct KvEndIgnoresPrefix : cpu::PrefillKeyOuterSteps {
  static std::int64_t causal_end(const cpu::Sequence& sequence) {
    if (sequence.start_pos != 0) defect_ran();
    return sequence.q_len;
  }
};

}  // namespace

constinit const attest_kernel kv_end_ignores_prefix =
    cpu::prefill_key_outer<float, KvEndIgnoresPrefix>(
        "planted/kv_end_ignores_prefix",
        "the loop over keys ends at q_len, whatever is cached before the chunk");

}  // namespace attest::kernels::planted
