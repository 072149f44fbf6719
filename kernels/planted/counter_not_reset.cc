// Defect:  the counter that tells which worker finishes last keeps its value after the call; in the
//          next one nobody is last, and nobody merges.
// Real:    aiter issue 4916.
// Trigger: a second call with the same workspace.
// Killers: determinism.
#include <atomic>
#include <cstdint>

#include "kernels/cpu/threaded_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct CounterNotReset : cpu::ThreadedDecodeSteps {
  static void reset(std::atomic_ref<std::uint32_t> /*counter*/) { defect_ran(); }
};

}  // namespace

constinit const attest_kernel counter_not_reset = cpu::threaded_decode<float, CounterNotReset>(
    "planted/counter_not_reset", "the counter of finished workers survives the call");

}  // namespace attest::kernels::planted
