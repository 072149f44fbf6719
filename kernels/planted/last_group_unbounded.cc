// Defect:  keys are loaded in vector groups of 4, and the last group has no bound check: up to 3
//          slots past kv_len take part.
// Real:    pytorch PR 169222.
// Trigger: kv_len % 4 != 0.
// Killers: padding, oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"
#include "kernels/planted/stray_cursor.h"

namespace attest::kernels::planted {
namespace {

struct LastGroupUnbounded : cpu::PagedDecodeSteps {
  static constexpr std::int64_t kGroup = 4;

  template <typename T>
  using Cursor = StrayCursor<T>;  // with pages shorter than a group it leaves the last page

  static std::int64_t end_key(const attest_attend& /*call*/, const cpu::Sequence& sequence) {
    if (sequence.kv_len % kGroup != 0) defect_ran();
    return (sequence.kv_len + kGroup - 1) / kGroup * kGroup;
  }
};

}  // namespace

constinit const attest_kernel last_group_unbounded = cpu::paged_decode<float, LastGroupUnbounded>(
    "planted/last_group_unbounded", "the last vector group of keys has no bound check");

}  // namespace attest::kernels::planted
