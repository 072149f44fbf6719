// Defect:  every split adds the sink to its state.
// Real:    rocm-libraries issue 12227.
// Trigger: a sink, two splits.
// Killers: partition, oracle.
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SinkPerSplit : cpu::SplitKvSteps {
  static bool adds_sink(std::int64_t split) {
    if (split > 0) defect_ran();
    return true;
  }
};

}  // namespace

constinit const attest_kernel sink_per_split =
    cpu::split_kv<float, SinkPerSplit>("planted/sink_per_split", "every split adds the sink");

}  // namespace attest::kernels::planted
