// Defect:  inside the tree a window measures the place of a draft in the flattened list, not its
//          depth: siblings push each other out of sight.
// Real:    sglang PR 39287.
// Trigger: siblings and a window.
// Killers: oracle, window.
#include <cstdint>

#include "kernels/cpu/tree_verify.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct TreeWindowByIndex : cpu::TreeVerifySteps {
  static std::int64_t window_position(const attest_attend& call, std::int64_t start,
                                      std::int64_t draft, std::int64_t depth) {
    if (call.window_left >= 0 && draft != depth) defect_ran();
    return start + draft;
  }
};

}  // namespace

constinit const attest_kernel tree_window_by_index = cpu::tree_verify<float, TreeWindowByIndex>(
    "planted/tree_window_by_index", "windows measure a draft's index in the tree, not its depth");

}  // namespace attest::kernels::planted
