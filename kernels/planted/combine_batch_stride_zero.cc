// Defect:  the second stage has a batch stride of 0: the rows of every sequence go where those
//          of sequence 0 belong.
// Real:    pytorch PR 194168, flash-attention issue 1217.
// Trigger: two sequences.
// Killers: batch, memory (unwritten), oracle.
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct CombineBatchStrideZero : cpu::SplitKvSteps {
  static std::int64_t out_row(const cpu::Sequence& sequence, std::int64_t row) {
    if (sequence.first_row > 0) defect_ran();
    return row;
  }
};

}  // namespace

constinit const attest_kernel combine_batch_stride_zero =
    cpu::split_kv<float, CombineBatchStrideZero>("planted/combine_batch_stride_zero",
                                                 "merged rows of every sequence go to sequence 0");

}  // namespace attest::kernels::planted
