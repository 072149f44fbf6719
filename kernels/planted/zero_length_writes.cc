// Defect:  for a sequence without keys a whole tile of rows is written, however many rows it has:
// it
//          overwrites its neighbour's.
// Real:    flash-attention PR 1155.
// Trigger: kv_len = 0 in front of another sequence.
// Killers: oracle, batch.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/tiled_prefill.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct ZeroLengthWrites : cpu::TiledPrefillSteps {
  static std::int64_t rows_without_keys(const attest_attend& call, const cpu::Sequence& sequence,
                                        std::int64_t first_row, std::int64_t num_rows) {
    // Bounded by the end of the tensor, so that it is a wrong value and not a crash.
    const std::int64_t written =
        std::min(cpu::kPrefillRows, call.total_q - sequence.first_row - first_row);
    if (written > num_rows) defect_ran();
    return written;
  }
};

}  // namespace

constinit const attest_kernel zero_length_writes = cpu::tiled_prefill<float, ZeroLengthWrites>(
    "planted/zero_length_writes", "sequences without keys write zeros over their neighbour's rows");

}  // namespace attest::kernels::planted
