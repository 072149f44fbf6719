// Defect:  the merge does not look for parts without a key: exp(-inf - -inf) is NaN when no part
//          has one.
// Real:    vllm PR 28181, vllm PR 39148, flashinfer PR 4054.
// Trigger: two empty parts.
// Killers: monoid (identity, both empty), partition.
#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct BothEmptyNan : cpu::SplitKvSteps {
  template <typename T>
  static bool is_empty(T lse) {
    if (lse == cpu::kMinusInfinity<T>) defect_ran();
    return false;
  }
};

}  // namespace

constinit const attest_kernel both_empty_nan = cpu::split_kv<float, BothEmptyNan>(
    "planted/both_empty_nan", "merging only empty parts gives NaN");

}  // namespace attest::kernels::planted
