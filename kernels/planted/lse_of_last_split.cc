// Defect:  the merged lse is that of the last split; the output is right.
// Real:    flashinfer PR 58.
// Trigger: two splits.
// Killers: oracle (lse).
#include <span>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct LseOfLastSplit : cpu::SplitKvSteps {
  template <typename S>
  static cpu::Compute<S> merged_lse(std::span<const cpu::Part<S>> parts, cpu::Compute<S> /*shift*/,
                                    cpu::Compute<S> /*sum*/) {
    if (parts.size() > 1) defect_ran();
    return parts.back().lse;
  }
};

}  // namespace

constinit const attest_kernel lse_of_last_split = cpu::split_kv<float, LseOfLastSplit>(
    "planted/lse_of_last_split", "the merged lse is that of the last split");

}  // namespace attest::kernels::planted
