// Defect:  a slot past the last is not refused: the token is written behind the cache.
// Real:    flash-attention issue 638.
// Trigger: a full cache.
// Killers: refusal (append past the end), memory.
#include <cstdint>

#include "kernels/cpu/append.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct AppendPastCapacity : cpu::AppendSteps {
  static bool has_room(const attest_append& call, std::int64_t slot) {
    if (slot >= cpu::slot_count(call)) defect_ran();
    return true;
  }
};

}  // namespace

constinit const attest_kernel append_past_capacity = cpu::append<float, AppendPastCapacity>(
    "planted/append_past_capacity", "a token is appended although the cache is full");

}  // namespace attest::kernels::planted
