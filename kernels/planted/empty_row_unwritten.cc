// Defect:  sequences without keys get no work tile, so nobody writes their rows.
// Real:    aiter PR 1442.
// Trigger: kv_len = 0 with a query, dirty output.
// Killers: memory (unwritten output), oracle.
#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct EmptyRowUnwritten : cpu::RaggedBatchSteps {
  static bool has_work(const cpu::Sequence& sequence) {
    if (sequence.q_len > 0 && sequence.kv_len == 0) defect_ran();
    return sequence.q_len > 0 && sequence.kv_len > 0;
  }
};

}  // namespace

constinit const attest_kernel empty_row_unwritten = cpu::ragged_batch<float, EmptyRowUnwritten>(
    "planted/empty_row_unwritten", "rows of a sequence with kv_len = 0 are not written");

}  // namespace attest::kernels::planted
