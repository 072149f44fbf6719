// Defect:  splits without a key are computed like others, and the softmax of none takes exp(-inf
//          - -inf).
// Real:    pegainfer PR 21.
// Trigger: kv_len < num_splits.
// Killers: partition, oracle.
#include <cmath>
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct EmptySplitNan : cpu::SplitKvSteps {
  static std::int64_t computed(const cpu::Splits& splits) { return splits.count; }
  static std::int64_t merged(const cpu::Splits& splits) { return splits.count; }

  template <typename T>
  static T empty_lse() {
    defect_ran();
    constexpr T max = cpu::kMinusInfinity<T>;
    return max + std::log(std::exp(max - max));
  }
};

}  // namespace

constinit const attest_kernel empty_split_nan = cpu::split_kv<float, EmptySplitNan>(
    "planted/empty_split_nan", "a split without keys gives NaN");

}  // namespace attest::kernels::planted
