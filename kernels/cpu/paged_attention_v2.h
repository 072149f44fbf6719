// Partitioned paged decode as vLLM's paged_attention_v2: stage 1 runs version 1 over partitions of
// 16 to 512 keys and leaves the largest logit, the sum of exponentials and the normalised output of
// each in the workspace (max_logits, exp_sums, tmp_out); a reduce kernel joins them.
// Source: vLLM csrc/attention/attention_kernels.cuh.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/paged_attention_v1.h"

namespace attest::kernels::cpu {

inline constexpr std::int64_t kLargestPartition = 512;
inline constexpr std::int32_t kMostPartitions = 32;

/// Longer sequences are refused: the reduce stage has room for so many partitions.
template <typename T>
constexpr attest_capabilities paged_attention_v2_capabilities() {
  attest_capabilities capabilities = paged_attention_capabilities<T>();
  capabilities.kv_len = between(1, kLargestPartition * kMostPartitions);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kPagedAttentionV2Capabilities =
    paged_attention_v2_capabilities<T>();

/// The steps that a planted kernel may replace.
struct PagedAttentionV2Steps : PagedAttentionSteps {
  /// Keys of a partition: whole pages, and small enough that a short sequence has several, too.
  static std::int64_t partition_size(std::int64_t kv_len, std::int64_t page_size) {
    std::int64_t size = std::max<std::int64_t>(16, page_size);
    while (size < kLargestPartition && kv_len > 8 * size) size *= 2;
    return size;
  }

  /// Partitions of a sequence that hold a key.
  static std::int64_t partitions(std::int64_t kv_len, std::int64_t size) {
    return (kv_len + size - 1) / size;
  }
};

/// Workspace, for each sequence, head and partition: max_logits, exp_sums, tmp_out [head_dim_v].
template <typename C>
class PartitionWorkspace {
 public:
  PartitionWorkspace(const attest_attend& call, std::int64_t room)
      : numbers_(static_cast<C*>(call.workspace)),
        num_q_heads_(call.num_q_heads),
        head_dim_v_(call.head_dim_v),
        room_(room),
        count_(call.batch * num_q_heads_ * room) {}

  std::size_t bytes() const {
    return static_cast<std::size_t>(count_ * (head_dim_v_ + 2)) * sizeof(C);
  }
  C& max_logit(std::int64_t b, std::int64_t head, std::int64_t i) const {
    return numbers_[index(b, head, i)];
  }
  C& exp_sum(std::int64_t b, std::int64_t head, std::int64_t i) const {
    return numbers_[count_ + index(b, head, i)];
  }
  C* tmp_out(std::int64_t b, std::int64_t head, std::int64_t i) const {
    return numbers_ + 2 * count_ + index(b, head, i) * head_dim_v_;
  }

 private:
  std::int64_t index(std::int64_t b, std::int64_t head, std::int64_t i) const {
    return (b * num_q_heads_ + head) * room_ + i;
  }

  C* numbers_;
  std::int64_t num_q_heads_;
  std::int64_t head_dim_v_;
  std::int64_t room_;  ///< partitions
  std::int64_t count_;
};

/// Partitions of the sequence with most of them.
template <typename Steps>
std::int64_t most_partitions(const attest_attend& call) {
  std::int64_t most = 0;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const std::int64_t kv_len = call.kv_len.host[b];
    const std::int64_t size = Steps::partition_size(kv_len, call.page_size);
    most = std::max(most, Steps::partitions(kv_len, size));
  }
  return most;
}

template <typename T, typename Steps>
void attend_partitions(const attest_attend& call, const PartitionWorkspace<Compute<T>>& workspace) {
  using C = Compute<T>;
  std::vector<C> logits;
  std::vector<C> out;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const std::int64_t size = Steps::partition_size(sequence.kv_len, call.page_size);
    const std::int64_t partitions = Steps::partitions(sequence.kv_len, size);
    for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
      for (std::int64_t i = 0; i < partitions; ++i) {
        const std::int64_t last = std::min((i + 1) * size, sequence.kv_len);
        const SoftmaxSums<C> sums =
            attend_blocks<T, Steps>(call, sequence, head, i * size, last, logits, out);
        workspace.max_logit(b, head, i) = sums.max;
        workspace.exp_sum(b, head, i) = sums.sum;
        std::copy(out.begin(), out.end(), workspace.tmp_out(b, head, i));
      }
    }
  }
}

/// The partitions of one sequence and head become its output. Shapes: weights is scratch.
template <typename T, typename Steps>
void reduce_partitions(const attest_attend& call, const Sequence& sequence, std::int64_t head,
                       const PartitionWorkspace<Compute<T>>& workspace,
                       std::vector<Compute<T>>& weights) {
  using C = Compute<T>;
  const std::int64_t b = sequence.index;
  const std::int64_t size = Steps::partition_size(sequence.kv_len, call.page_size);
  const std::int64_t partitions = Steps::partitions(sequence.kv_len, size);
  C max = kMinusInfinity<C>;
  for (std::int64_t i = 0; i < partitions; ++i) max = larger(max, workspace.max_logit(b, head, i));
  C sum = 0;
  weights.clear();
  for (std::int64_t i = 0; i < partitions; ++i) {
    weights.push_back(workspace.exp_sum(b, head, i) *
                      std::exp(workspace.max_logit(b, head, i) - max));
    sum += weights.back();
  }
  const Lanes<Output<T>> o = lanes<Output<T>>(call.o, sequence.first_row, head);
  const OutputScales<C> scales = output_scales<C, Steps>(call, b, head);
  for (std::int64_t lane = 0; lane < call.head_dim_v; ++lane) {
    C weighted = 0;
    for (std::int64_t i = 0; i < partitions; ++i) {
      weighted += weights[static_cast<std::size_t>(i)] * workspace.tmp_out(b, head, i)[lane];
    }
    o[lane] = rounded<Output<T>>(partitions == 0 ? C{0} : scales.apply(weighted / sum));
  }
}

template <typename T, typename Steps>
attest_status paged_attention_v2_plan(void*, const attest_attend* call, attest_plan_result* result,
                                      attest_report* report) {
  return run_checked(kPagedAttentionV2Capabilities<T>, *call, report, [&]() -> attest_status {
    const std::int64_t room = most_partitions<Steps>(*call);
    result->num_splits = static_cast<std::int32_t>(room);
    result->workspace_bytes = PartitionWorkspace<Compute<T>>(*call, room).bytes();
    result->workspace_alignment = alignof(Compute<T>);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps>
attest_status paged_attention_v2_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kPagedAttentionV2Capabilities<T>, *call, report, [&]() -> attest_status {
    const PartitionWorkspace<Compute<T>> workspace(*call, most_partitions<Steps>(*call));
    if (!has_workspace(*call, workspace.bytes(), report)) return ATTEST_FAILED;
    attend_partitions<T, Steps>(*call, workspace);
    std::vector<Compute<T>> weights;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        reduce_partitions<T, Steps>(*call, sequence, head, workspace, weights);
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = PagedAttentionV2Steps>
constexpr attest_kernel paged_attention_v2(const char* name, const char* description) {
  attest_kernel kernel = paged_attention<T>(name, description);
  kernel.capabilities = kPagedAttentionV2Capabilities<T>;
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.max_splits = kMostPartitions;
  kernel.numerics.merge_levels = 1;
  kernel.numerics.merge_normalises = 1;
  kernel.plan = &paged_attention_v2_plan<T, Steps>;
  kernel.attend = &paged_attention_v2_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
