// Defect:  batch invariance is promised, but the number of splits is chosen to fill the machine: a
//          sequence is cut differently in a batch than alone.
// Real:    aiter PR 4378, FlashMLA issue 212.
// Trigger: two sequences, two keys.
// Killers: batch.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/threaded_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SplitsFromBatchSize : cpu::ThreadedDecodeSteps {
  static std::int64_t splits(const attest_attend& call, std::int64_t kv_len) {
    constexpr std::int64_t kTasks = 8;  // that keep the machine busy
    if (call.batch > 1 && kv_len > 1) defect_ran();
    const std::int64_t wanted = std::max<std::int64_t>(kTasks / call.batch, 1);
    return std::clamp<std::int64_t>(kv_len, 1, wanted);
  }
};

}  // namespace

constinit const attest_kernel splits_from_batch_size =
    cpu::threaded_decode<float, SplitsFromBatchSize>("planted/splits_from_batch_size",
                                                     "the number of splits depends on the batch");

}  // namespace attest::kernels::planted
