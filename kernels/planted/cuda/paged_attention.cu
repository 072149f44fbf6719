// Defects of paged_attention_v1 and v2.
#include "kernels/cuda/paged_attention_v2.cuh"
#include "kernels/planted/cuda/kernels.h"
#include "kernels/planted/cuda/mark.h"

namespace attest::kernels::planted {
namespace {

namespace base = ATTEST_CUDA_BUILD;
using base::kPagedThreads;
using base::kPagedWarps;
using base::kWarp;
using base::kWholeWarp;
using base::PagedAttentionSteps;
using base::PagedAttentionV2Steps;
using device::defect_ran;
using Float = base::Types<float>;

template <typename Steps>
constexpr attest_kernel v1(const char* name, const char* description) {
  return base::paged_attention_v1<Float, Steps>(name, description);
}

// Defect:  no barrier between writing q to shared memory and reading it.
// Real:    teaching material.
// Trigger: any call, where a warp runs ahead.
// Killers: oracle; in mode check an uninitialised read.
struct QueryUnsynced : PagedAttentionSteps {
  __device__ static void query_written(int /*keys*/) { defect_ran(); }
};

// Defect:  a block reduction reads the sums of other warps before they are there.
// Real:    teaching material.
// Trigger: a warp that runs ahead.
// Killers: oracle; in mode check an uninitialised read.
struct BlockSumUnsynced : PagedAttentionSteps {
  struct Unsynced : PagedAttentionSteps {
    __device__ static void parts_written() { defect_ran(); }
  };
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    return base::reduce_block<base::Sum, kPagedWarps, Unsynced>(sum, scratch);
  }
};

// Defect:  P V begins before all warps have normalised their logits.
// Real:    teaching material.
// Trigger: a warp that runs ahead.
// Killers: oracle; in mode check a race.
struct LogitsUnsynced : PagedAttentionSteps {
  __device__ static void logits_written() { defect_ran(); }
};

// Defect:  the memory of the logits is taken for outputs while a slower warp still reads them.
// Real:    teaching material.
// Trigger: sequences long enough that warps have different numbers of pages.
// Killers: oracle; in mode check a race.
struct LogitsOverwritten : PagedAttentionSteps {
  __device__ static void logits_read() { defect_ran(); }
};

// Defect:  logits are stored one place too far, the last one past the tile.
// Real:    teaching material.
// Trigger: any call.
// Killers: oracle; in mode check out of bounds.
struct LogitPastTile : PagedAttentionSteps {
  __device__ static void store_logit(float* logits, int at, float logit, bool beyond) {
    defect_ran();
    logits[at + 1] = beyond ? 0 : logit;
  }
};

// Defect:  slots past the last key get no logit; P V reads the whole last page of logits.
// Real:    teaching material.
// Trigger: kv_len that is no multiple of the page.
// Killers: mode check alone: an uninitialised read. What was read is masked later.
struct PaddingLogitsUnwritten : PagedAttentionSteps {
  __device__ static void store_logit(float* logits, int at, float logit, bool beyond) {
    if (beyond) return defect_ran();
    logits[at] = logit;
  }
};

// Defect:  all 32 lanes read a partial sum, of which only four were written.
// Real:    teaching material.
// Trigger: any call.
// Killers: oracle, by the NaN that shared memory begins with; in mode check out of bounds.
struct UnwrittenPartsSummed : PagedAttentionSteps {
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    const int lane = threadIdx.x % kWarp;
    sum = base::reduce_warp<base::Sum>(sum);
    if (lane == 0) scratch[threadIdx.x / kWarp] = sum;
    __syncthreads();
    defect_ran();
    return base::reduce_warp<base::Sum>(scratch[lane]);
  }
};

// Defect:  a barrier inside a branch that threads without a key skip.
// Real:    tilelang issue 2612.
// Trigger: fewer keys than threads.
// Killers: any property: the executor reports a divergent barrier.
struct DivergentBarrier : PagedAttentionSteps {
  __device__ static void query_written(int keys) {
    if (keys < kPagedThreads) defect_ran();
    if (static_cast<int>(threadIdx.x) < keys) __syncthreads();
  }
};

// Defect:  lanes past the last key skip a shuffle that all lanes are named in.
// Real:    teaching material.
// Trigger: kv_len that is no multiple of the page.
// Killers: any property: the executor reports a mask mismatch.
struct ShuffleInBranch : PagedAttentionSteps {
  template <int kGroup>
  __device__ static float group_sum(float dot, bool beyond) {
    if (beyond) {
      defect_ran();
      return dot;
    }
    return base::reduce_warp<base::Sum, kGroup>(dot);
  }
};

// Defect:  slots past the last key take part in P V with weight 0, whatever they hold.
// Real:    vllm PR 936.
// Trigger: kv_len that is no multiple of the page, NaN in unused slots.
// Killers: padding.
struct UnusedSlotsWeighed : PagedAttentionSteps {
  __device__ static bool weighs(int key, int last) {
    if (key >= last) defect_ran();
    return true;
  }
};

// Defect:  the tree over the warps goes on before the lower half has read.
// Real:    llama.cpp PR 13438 has one like it.
// Trigger: a warp of the upper half that runs ahead.
// Killers: oracle under other schedules than in order, determinism.schedule; in mode check a race.
struct WarpTreeUnsynced : PagedAttentionSteps {
  __device__ static void upper_half_read() { defect_ran(); }
};

// Defect:  the second kernel joins as many partitions as the longest sequence has.
// Real:    vllm PR 47188.
// Trigger: two sequences, one with fewer partitions.
// Killers: padding (workspace), determinism; in mode check an uninitialised read.
struct UnwrittenPartitionsJoined : PagedAttentionV2Steps {
  template <typename T>
  __device__ static int joined(const base::PartitionWorkspace<T>& workspace, int partitions) {
    if (partitions < workspace.room) defect_ran();
    return workspace.room;
  }
};

// Defect:  a shuffle that names all lanes inside a branch that four of them take.
// Real:    teaching material.
// Trigger: any call.
// Killers: any property: the executor reports it.
struct FullMaskInBranch : PagedAttentionSteps {
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    const int lane = threadIdx.x % kWarp;
    sum = base::reduce_warp<base::Sum>(sum);
    if (lane == 0) scratch[threadIdx.x / kWarp] = sum;
    __syncthreads();
    defect_ran();
    if (lane < kPagedWarps) {
      sum = scratch[lane];
      for (int offset = kPagedWarps / 2; offset > 0; offset /= 2) {
        sum += __shfl_xor_sync(kWholeWarp, sum, offset);
      }
    }
    return __shfl_sync(kWholeWarp, sum, 0);
  }
};

// Defect:  lanes 1 to 31 read lane 0 in a shuffle that does not name it.
// Real:    teaching material.
// Trigger: any call.
// Killers: any property: the executor reports an inactive source lane.
struct ShuffleOutsideMask : PagedAttentionSteps {
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    sum = base::reduce_block<base::Sum, kPagedWarps, Steps>(sum, scratch);
    defect_ran();
    if (threadIdx.x % kWarp != 0) sum = __shfl_sync(0xfffffffeu, sum, 0);
    return sum;
  }
};

// Defect:  all partitions leave their results in one slot.
// Real:    pytorch PR 194168 has one like it.
// Trigger: two partitions.
// Killers: oracle; in mode check a race between blocks.
struct PartitionsShareSlot : PagedAttentionV2Steps {
  template <typename T>
  __device__ static std::int64_t slot(const base::PartitionWorkspace<T>& workspace, int b, int head,
                                      int partition) {
    if (partition > 0) defect_ran();
    return workspace.index(b, head, 0);
  }
};

// Defect:  the length of a lone sequence is taken from the launch's arguments, which a graph keeps.
// Real:    teaching material.
// Trigger: one sequence, in a graph that was captured with a longer one.
// Killers: determinism.graph.
struct LengthOfCapture : PagedAttentionSteps {
  __device__ static int length(const attest_attend& call, const base::Sequence& sequence) {
    if (call.batch > 1) return sequence.kv_len;
    if (call.max_kv_len != sequence.kv_len) defect_ran();
    return call.max_kv_len;
  }
};

}  // namespace

constinit const attest_kernel query_unsynced =
    v1<QueryUnsynced>("planted/query_unsynced", "no barrier after q went to shared memory");
constinit const attest_kernel block_sum_unsynced = v1<BlockSumUnsynced>(
    "planted/block_sum_unsynced", "no barrier inside the block's sum of exponentials");
constinit const attest_kernel logits_unsynced =
    v1<LogitsUnsynced>("planted/logits_unsynced", "no barrier before the logits are read");
constinit const attest_kernel logits_overwritten = v1<LogitsOverwritten>(
    "planted/logits_overwritten", "no barrier before the logits' memory is used again");
constinit const attest_kernel logit_past_tile =
    v1<LogitPastTile>("planted/logit_past_tile", "logits are stored one place too far");
constinit const attest_kernel padding_logits_unwritten = v1<PaddingLogitsUnwritten>(
    "planted/padding_logits_unwritten", "logits of unused slots are read, never written");
constinit const attest_kernel unwritten_parts_summed = v1<UnwrittenPartsSummed>(
    "planted/unwritten_parts_summed", "a block's sum adds 32 parts, of which four were written");
constinit const attest_kernel divergent_barrier = v1<DivergentBarrier>(
    "planted/divergent_barrier", "a barrier in a branch that threads without a key skip");
constinit const attest_kernel shuffle_in_branch = v1<ShuffleInBranch>(
    "planted/shuffle_in_branch", "lanes past the last key skip a shuffle of all lanes");
constinit const attest_kernel unused_slots_weighed = v1<UnusedSlotsWeighed>(
    "planted/unused_slots_weighed", "slots past the last key meet a weight of 0");
constinit const attest_kernel warp_tree_unsynced = v1<WarpTreeUnsynced>(
    "planted/warp_tree_unsynced", "the tree over warps lacks its second barrier");
constinit const attest_kernel unwritten_partitions_joined =
    base::paged_attention_v2<Float, UnwrittenPartitionsJoined>(
        "planted/unwritten_partitions_joined", "the reduce kernel reads partitions nobody wrote");
constinit const attest_kernel full_mask_in_branch = v1<FullMaskInBranch>(
    "planted/full_mask_in_branch", "a shuffle of all lanes in a branch that four take");
constinit const attest_kernel shuffle_outside_mask = v1<ShuffleOutsideMask>(
    "planted/shuffle_outside_mask", "a shuffle reads a lane outside its mask");
constinit const attest_kernel length_of_capture = v1<LengthOfCapture>(
    "planted/length_of_capture", "a lone sequence has the length that the launch was made for");
constinit const attest_kernel partitions_share_slot =
    base::paged_attention_v2<Float, PartitionsShareSlot>(
        "planted/partitions_share_slot", "all partitions of a sequence write one slot");

}  // namespace attest::kernels::planted
