// Defect:  the loop over keys starts at start_pos: what is cached before the chunk is never
//          visited.
// Real:    gpt-oss PR 196.
// Trigger: start_pos > 0.
// Killers: chunking, oracle.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct LoopStartsAtChunk : cpu::PrefillKeyOuterSteps {
  static std::int64_t first_tile(const cpu::Sequence& sequence) {
    if (sequence.start_pos > 0) defect_ran();
    return std::max<std::int64_t>(sequence.start_pos, 0);
  }
};

}  // namespace

constinit const attest_kernel loop_starts_at_chunk =
    cpu::prefill_key_outer<float, LoopStartsAtChunk>("planted/loop_starts_at_chunk",
                                                     "the loop over keys starts at the chunk");

}  // namespace attest::kernels::planted
