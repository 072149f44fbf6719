// Partitioned paged decode as vLLM's paged_attention_v2: blocks run version 1 over partitions of 16
// to 512 keys and leave the largest logit, the sum of exponentials and the normalised output (in
// the type of q) of each in the workspace; a second kernel joins them. Source: vLLM
// csrc/attention/attention_kernels.cuh.
#pragma once

#include "kernels/cuda/paged_attention_v1.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kLargestPartition = 512;
inline constexpr int kMostPartitions = 32;

/// Longer sequences are refused: the second kernel has room for so many partitions.
template <typename T>
constexpr attest_capabilities paged_attention_v2_capabilities() {
  attest_capabilities capabilities = paged_attention_capabilities<T>();
  capabilities.kv_len = between(1, kLargestPartition * kMostPartitions);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kPagedAttentionV2Capabilities =
    paged_attention_v2_capabilities<T>();

/// Keys of a partition: whole pages, and small enough that a short sequence has several, too. From
/// the sequence's own length only.
__host__ __device__ constexpr int partition_size(int kv_len, int page_size) {
  int size = page_size > 16 ? page_size : 16;
  while (size < kLargestPartition && kv_len > 8 * size) size *= 2;
  return size;
}

/// Partitions of a sequence that hold a key.
__host__ __device__ constexpr int num_partitions(int kv_len, int page_size) {
  const int size = partition_size(kv_len, page_size);
  return (kv_len + size - 1) / size;
}

/// Workspace, for each sequence, head and partition: max_logits, exp_sums, tmp_out [head_dim_v].
template <typename T>
struct PartitionWorkspace {
  float* numbers;
  int num_q_heads;
  int head_dim_v;
  int room;  ///< partitions
  std::int64_t count;

  PartitionWorkspace(const attest_attend& call, int partitions)
      : numbers(static_cast<float*>(call.workspace)),
        num_q_heads(call.num_q_heads),
        head_dim_v(call.head_dim_v),
        room(partitions),
        count(std::int64_t{call.batch} * call.num_q_heads * partitions) {}

  std::size_t bytes() const {
    return static_cast<std::size_t>(count) *
           (2 * sizeof(float) + static_cast<std::size_t>(head_dim_v) * sizeof(typename T::q));
  }
  __device__ std::int64_t index(int b, int head, int partition) const {
    return (std::int64_t{b} * num_q_heads + head) * room + partition;
  }
  __device__ float* max_logit(std::int64_t index) const { return numbers + index; }
  __device__ float* exp_sum(std::int64_t index) const { return numbers + count + index; }
  __device__ typename T::q* tmp_out(std::int64_t index) const {
    return reinterpret_cast<typename T::q*>(numbers + 2 * count) + index * head_dim_v;
  }
};

/// The steps that a planted kernel may replace.
struct PagedAttentionV2Steps : PagedAttentionSteps {
  /// Where a partition leaves its results.
  template <typename T>
  __device__ static std::int64_t slot(const PartitionWorkspace<T>& workspace, int b, int head,
                                      int partition) {
    return workspace.index(b, head, partition);
  }
  /// Partitions that the second kernel joins.
  template <typename T>
  __device__ static int joined(const PartitionWorkspace<T>& /*workspace*/, int partitions) {
    return partitions;
  }
};

/// Grid: (num_q_heads, batch, room).
template <typename T, int kPageSize, typename Steps>
__global__ void __launch_bounds__(kPagedThreads)
    paged_attention_v2_kernel(const __grid_constant__ attest_attend call,
                              PartitionWorkspace<T> workspace) {
  extern __shared__ float partition_logits[];
  const Sequence sequence = sequence_at(call, blockIdx.y);
  const int head = blockIdx.x;
  const int size = partition_size(sequence.kv_len, kPageSize);
  const int first = static_cast<int>(blockIdx.z) * size;
  if (first >= sequence.kv_len) return;
  const std::int64_t slot = Steps::slot(workspace, sequence.index, head, blockIdx.z);
  const PagedPart part{first, min(first + size, sequence.kv_len), workspace.max_logit(slot),
                       workspace.exp_sum(slot)};
  attend_pages<T, kPageSize, Steps>(
      call, sequence, head, part, partition_logits, [&](int lane, float value) {
        workspace.tmp_out(slot)[lane] = from_float<typename T::q>(value);
      });
}

/// Grid: (num_q_heads, batch).
template <typename T, typename Steps>
__global__ void __launch_bounds__(kPagedThreads)
    paged_attention_v2_reduce_kernel(const __grid_constant__ attest_attend call,
                                     PartitionWorkspace<T> workspace) {
  __shared__ float weights[kMostPartitions];
  const Sequence sequence = sequence_at(call, blockIdx.y);
  const int head = blockIdx.x;
  const int own = num_partitions(sequence.kv_len, call.page_size);
  const int partitions = Steps::joined(workspace, own);
  const std::int64_t first = workspace.index(sequence.index, head, 0);

  // kMostPartitions threads, one warp, have a partition each.
  if (threadIdx.x < kMostPartitions) {
    const int i = threadIdx.x;
    const float max_logit = i < partitions ? *workspace.max_logit(first + i) : -INFINITY;
    const float max = reduce_warp<Max>(max_logit);
    const float weight =
        i < partitions ? *workspace.exp_sum(first + i) * __expf(max_logit - max) : 0;
    const float sum = reduce_warp<Sum>(weight);
    weights[i] = i < partitions ? weight / sum : 0;
  }
  __syncthreads();

  const auto o = lanes<typename T::o>(call.o, sequence.first_row, head);
  for (int lane = threadIdx.x; lane < call.head_dim_v; lane += kPagedThreads) {
    float value = 0;
    for (int i = 0; i < partitions; ++i) {
      value += weights[i] * to_float(workspace.tmp_out(first + i)[lane]);
    }
    o[lane] = from_float<typename T::o>(scaled_output(call, sequence.index, head, value));
  }
}

/// Partitions of the sequence with most of them.
inline int most_partitions(const attest_attend& call) {
  int most = 0;
  for (int b = 0; b < call.batch; ++b) {
    const int partitions = num_partitions(call.kv_len.host[b], call.page_size);
    if (partitions > most) most = partitions;
  }
  return most;
}

template <typename T>
attest_status paged_attention_v2_plan(void*, const attest_attend* call, attest_plan_result* result,
                                      attest_report* report) {
  const auto status = check_call(kPagedAttentionV2Capabilities<T>, *call, report);
  if (status != ATTEST_OK) return status;
  const int room = most_partitions(*call);
  result->num_splits = room;
  result->workspace_bytes = PartitionWorkspace<T>(*call, room).bytes();
  result->workspace_alignment = sizeof(float);
  return ATTEST_OK;
}

template <typename T, typename Steps>
attest_status paged_attention_v2_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kPagedAttentionV2Capabilities<T>, *call, report);
  if (status != ATTEST_OK || call->batch == 0) return status;
  const int room = most_partitions(*call);
  const PartitionWorkspace<T> workspace(*call, room);
  if (check_workspace(*call, workspace.bytes(), report) != ATTEST_OK) return ATTEST_FAILED;
  if (room > 0) {
    const std::size_t shared = paged_shared_bytes(*call, kLargestPartition);
    const dim3 grid(call->num_q_heads, call->batch, room);
    with_page_size(*call, [&]<int kPageSize>() {
      paged_attention_v2_kernel<T, kPageSize, Steps>
          <<<grid, kPagedThreads, shared, stream_of(*call)>>>(*call, workspace);
    });
    if (launched(report) != ATTEST_OK) return ATTEST_FAILED;
  }
  const dim3 grid(call->num_q_heads, call->batch);
  paged_attention_v2_reduce_kernel<T, Steps>
      <<<grid, kPagedThreads, 0, stream_of(*call)>>>(*call, workspace);
  return launched(report);
}

template <typename T, typename Steps = PagedAttentionV2Steps>
constexpr attest_kernel paged_attention_v2(const char* name, const char* description) {
  attest_kernel kernel = paged_attention<T>(name, description);
  kernel.capabilities = kPagedAttentionV2Capabilities<T>;
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.max_splits = kMostPartitions;
  kernel.numerics.merge_levels = 1;
  kernel.numerics.merge_normalises = 1;
  kernel.numerics.part_dtype_plus_1 = kDtype<typename T::q> + 1;
  kernel.plan = &paged_attention_v2_plan<T>;
  kernel.attend = &paged_attention_v2_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
