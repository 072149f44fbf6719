// Defect:  the cache gets the turned keys, but the call itself attends over the new keys as they
//          came, with queries that are turned.
// Real:    sglang PR 19636.
// Trigger: one new token behind one cached one, any angle.
// Killers: chunking (rotary). The cache is right, so memory sees nothing.
#include <cstdint>

#include "kernels/cpu/append_attend.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct NewKeysNotTurned : cpu::AppendAttendSteps {
  static bool attends_to_turned(const attest_append_attend& call) {
    if (rotary_dim(call) > 0) defect_ran();
    return false;
  }
};

}  // namespace

constinit const attest_kernel new_keys_not_turned = cpu::append_attend<float, NewKeysNotTurned>(
    "planted/new_keys_not_turned", "attends over new keys before the rotary embedding");

}  // namespace attest::kernels::planted
