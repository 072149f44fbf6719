// Defect:  the second stage merges all splits that were asked for, those too that the first
//          stage skips because they have no key: it reads what the workspace held before.
// Real:    vllm PR 47188.
// Trigger: num_splits > kv_len, dirty workspace.
// Killers: padding (workspace), determinism.
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct CombineReadsEmptySplit : cpu::SplitKvSteps {
  static std::int64_t merged(const cpu::Splits& splits) {
    if (splits.used < splits.count) defect_ran();
    return splits.count;
  }
};

}  // namespace

constinit const attest_kernel combine_reads_empty_split =
    cpu::split_kv<float, CombineReadsEmptySplit>("planted/combine_reads_empty_split",
                                                 "the merge reads splits that nobody wrote");

}  // namespace attest::kernels::planted
