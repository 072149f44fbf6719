// Defect:  a step of two tokens gets a triangular mask over its own two keys only: the cached
//          prefix is lost.
// Real:    hyprstream PR 1521.
// Trigger: q_len = 2, start_pos > 0.
// Killers: chunking (two tokens are two decodes), oracle.
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct PrefixLostInTwoTokenStep : cpu::RaggedBatchSteps {
  static std::int64_t first_key(const cpu::Sequence& sequence) {
    if (sequence.q_len != 2 || sequence.start_pos <= 0) return 0;
    defect_ran();
    return sequence.start_pos;
  }
};

}  // namespace

constinit const attest_kernel prefix_lost_in_two_token_step =
    cpu::ragged_batch<float, PrefixLostInTwoTokenStep>(
        "planted/prefix_lost_in_two_token_step",
        "a step of two tokens does not see the cached prefix");

}  // namespace attest::kernels::planted
