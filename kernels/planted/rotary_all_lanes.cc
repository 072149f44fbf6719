// Defect:  with tables for a part of the lanes only, all lanes are turned: pairs reach over the
//          whole head, with the angles of the part used again.
// Real:    vllm PR 43676.
// Trigger: rotary_dim 2 beside head_dim_qk 4.
// Killers: memory (cache contents), chunking (rotary).
#include <cstdint>

#include "kernels/cpu/append_attend.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct RotaryAllLanes : cpu::AppendAttendSteps {
  static std::int64_t rotary_dim(const attest_append_attend& call) {
    const std::int64_t dim = AppendAttendSteps::rotary_dim(call);
    const std::int64_t all = call.call.head_dim_qk / 2 * 2;
    if (dim == 0 || dim == all) return dim;
    defect_ran();
    return all;
  }

  /// The kernel that was met read past its table; this one begins it anew.
  static std::int64_t rotary_column(const attest_append_attend& call, std::int64_t i) {
    return i % call.rotary_cos.shape[1];
  }
};

}  // namespace

constinit const attest_kernel rotary_all_lanes = cpu::append_attend<float, RotaryAllLanes>(
    "planted/rotary_all_lanes", "rotary embedding of all lanes where a part was asked for");

}  // namespace attest::kernels::planted
