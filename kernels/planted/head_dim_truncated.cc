// Defect:  lanes of the output beyond the 32nd are not computed: one lane of a warp each.
// Real:    mni-ml/framework PR 39.
// Trigger: head_dim_v 33.
// Killers: memory (unwritten), oracle.
#include <algorithm>
#include <cstddef>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct HeadDimTruncated : cpu::RaggedBatchSteps {
  static std::size_t output_lanes(std::size_t head_dim_v) {
    if (head_dim_v > 32) defect_ran();
    return std::min<std::size_t>(head_dim_v, 32);
  }
};

}  // namespace

constinit const attest_kernel head_dim_truncated = cpu::ragged_batch<float, HeadDimTruncated>(
    "planted/head_dim_truncated", "no more than 32 lanes of the output are written");

}  // namespace attest::kernels::planted
