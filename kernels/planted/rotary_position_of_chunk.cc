// Defect:  new tokens are turned by their index in the chunk, not by their position behind the
//          tokens that are cached.
// Real:    executorch PR 2010.
// Trigger: one cached token, a table that differs between positions 0 and 1.
// Killers: memory (cache contents), chunking (rotary).
#include <cstdint>

#include "kernels/cpu/append_attend.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct RotaryPositionOfChunk : cpu::AppendAttendSteps {
  static std::int64_t rotary_position(std::int64_t cached, std::int64_t i) {
    if (cached > 0) defect_ran();
    return i;
  }
};

}  // namespace

constinit const attest_kernel rotary_position_of_chunk =
    cpu::append_attend<float, RotaryPositionOfChunk>("planted/rotary_position_of_chunk",
                                                     "rotary positions start at 0 in every chunk");

}  // namespace attest::kernels::planted
