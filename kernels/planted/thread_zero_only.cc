// Defect:  the merge takes the parts of worker 0 only: there is no reduction over the threads.
// Real:    teaching material.
// Trigger: more keys than one worker's share: 17.
// Killers: oracle, algebra.
#include <cstdint>

#include "kernels/cpu/threaded_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct ThreadZeroOnly : cpu::ThreadedDecodeSteps {
  template <typename C>
  static bool takes_part(std::int64_t split, int num_workers, C lse) {
    const bool own = split % num_workers == 0;
    if (!own && lse != cpu::kMinusInfinity<C>) defect_ran();
    return own;
  }
};

}  // namespace

constinit const attest_kernel thread_zero_only = cpu::threaded_decode<float, ThreadZeroOnly>(
    "planted/thread_zero_only", "the partial sums of all threads but the first are lost");

}  // namespace attest::kernels::planted
