// Defect:  the causal mask is anchored at the top left: row i is taken to be at position i.
// Real:    flash-attention issue 282, cutlass issue 2336.
// Trigger: q_len < kv_len.
// Killers: oracle, chunking.
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct CausalTopLeft : cpu::PrefillQueryOuterSteps {
  static std::int64_t position(const cpu::Sequence& sequence, std::int64_t row) {
    if (row != sequence.position(row)) defect_ran();
    return row;
  }
};

}  // namespace

constinit const attest_kernel causal_top_left = cpu::prefill_query_outer<float, CausalTopLeft>(
    "planted/causal_top_left", "causal mask anchored top-left, declared bottom-right");

}  // namespace attest::kernels::planted
