// Defects of dense and of split_decode.
#include "kernels/cuda/dense.cuh"
#include "kernels/cuda/split_decode.cuh"
#include "kernels/planted/cuda/kernels.h"
#include "kernels/planted/cuda/mark.h"

namespace attest::kernels::planted {
namespace {

namespace base = ATTEST_CUDA_BUILD;
using base::kDenseThreads;
using base::kWarp;
using device::defect_ran;
using Float = base::Types<float>;

// Defect:  the buffer of a block reduction is used again without a barrier.
// Real:    llama.cpp PR 13438.
// Trigger: two warps, one of which runs ahead.
// Killers: determinism.schedule, oracle under other schedules than in order; in mode check a race.
struct ReductionBufferReused : base::DenseSteps {
  __device__ static void parts_read() { defect_ran(); }
};

// Defect:  thread 0 hands out its own partial sum: there is no reduction over threads.
// Real:    teaching material.
// Trigger: two keys.
// Killers: oracle, algebra.
struct SumOfThreadZero : base::DenseSteps {
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    if (threadIdx.x != 0 && sum != 0) defect_ran();
    if (threadIdx.x == 0) scratch[0] = sum;
    __syncthreads();
    const float total = scratch[0];
    __syncthreads();
    return total;
  }
};

// Defect:  the counter that tells which block is last keeps its value after the call; in the next
//          one nobody is last, and nobody merges.
// Real:    aiter issue 4916.
// Trigger: a second call with the same workspace.
// Killers: determinism.
struct BlockCounterKept : base::SplitDecodeSteps {
  __device__ static void reset(unsigned* /*counter*/) { defect_ran(); }
};

}  // namespace

constinit const attest_kernel reduction_buffer_reused = base::dense<Float, ReductionBufferReused>(
    "planted/reduction_buffer_reused", "a reduction's buffer is reused without a barrier");
constinit const attest_kernel sum_of_thread_zero = base::dense<Float, SumOfThreadZero>(
    "planted/sum_of_thread_zero", "the partial sums of all threads but the first are lost");
constinit const attest_kernel block_counter_kept =
    base::split_decode<Float, base::BaseE, BlockCounterKept>(
        "planted/block_counter_kept", "the counter of finished blocks survives the call");

}  // namespace attest::kernels::planted
