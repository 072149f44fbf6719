// Defect:  at most 8 splits are merged; the others are dropped.
// Real:    FlashMLA PR 199.
// Trigger: nine splits with a key.
// Killers: partition.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SplitLimit : cpu::SplitKvSteps {
  static std::int64_t merged(const cpu::Splits& splits) {
    constexpr std::int64_t kLimit = 8;
    if (splits.used > kLimit) defect_ran();
    return std::min(splits.used, kLimit);
  }
};

}  // namespace

constinit const attest_kernel split_limit =
    cpu::split_kv<float, SplitLimit>("planted/split_limit", "splits past the eighth are dropped");

}  // namespace attest::kernels::planted
