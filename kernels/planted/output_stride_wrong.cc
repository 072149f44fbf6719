// Defect:  rows of the output are written as if they were packed, whatever its strides are.
// Real:    FlagGems issue 5235.
// Trigger: an output that is a view with gaps, two rows.
// Killers: oracle, memory (unwritten).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct OutputStrideWrong : cpu::PagedDecodeSteps {
  template <typename T>
  static cpu::Lanes<cpu::Output<T>> output(const attest_attend& call, std::int64_t row,
                                           std::int64_t head) {
    attest_tensor packed = call.o;
    packed.stride[1] = call.head_dim_v;
    packed.stride[0] = call.num_q_heads * packed.stride[1];
    const auto real = cpu::lanes<cpu::Output<T>>(call.o, row, head);
    const auto taken = cpu::lanes<cpu::Output<T>>(packed, row, head);
    if (real.data != taken.data) defect_ran();
    return taken;
  }
};

}  // namespace

constinit const attest_kernel output_stride_wrong = cpu::paged_decode<float, OutputStrideWrong>(
    "planted/output_stride_wrong", "output rows are written one after the other");

}  // namespace attest::kernels::planted
