// Defect:  ALiBi distances are measured from the row in the chunk, not from its position: a
//          decode step is taken to be at 0.
// Real:    keras-hub PR 2977.
// Trigger: ALiBi, decode, two keys.
// Killers: chunking, causality (token by token), oracle.
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct AlibiOffAtDecode : cpu::RaggedBatchSteps {
  static std::int64_t alibi_position(const cpu::Sequence& sequence, std::int64_t row) {
    if (sequence.start_pos != 0) defect_ran();
    return row;
  }
};

}  // namespace

constinit const attest_kernel alibi_off_at_decode = cpu::ragged_batch<float, AlibiOffAtDecode>(
    "planted/alibi_off_at_decode", "ALiBi distances are measured over the chunk");

}  // namespace attest::kernels::planted
