// Split-KV decode ("flash decoding"): the keys of a sequence are cut into ranges, each range gives
// a partial state (o, lse) in the workspace, a second stage merges them. Also offers its two stages
// alone. The number of splits depends on the caller or on the sequence's own length only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/merge.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
constexpr attest_capabilities split_kv_capabilities() {
  attest_capabilities capabilities =
      cpu_capabilities<T>(kEveryPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers |
                                           kMergeFeatures | ATTEST_FEATURE_NUM_SPLITS |
                                           ATTEST_FEATURE_WINDOW_LEFT | ATTEST_FEATURE_SINK);
  capabilities.q_len = between(1, 64);  // the workspace holds every row once per split
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kSplitKvCapabilities = split_kv_capabilities<T>();

/// How the keys of one sequence are cut. With more splits than keys the last ones are empty.
struct Splits {
  std::int64_t count;  ///< as asked for
  std::int64_t size;   ///< keys in each but the last that has any
  std::int64_t used;   ///< with a key; one at least, which without keys gives the empty state
};

/// The steps that a planted kernel may replace.
struct SplitKvSteps : OnlineSoftmaxSteps, MergeSteps {
  static std::int64_t split_size(std::int64_t kv_len, std::int64_t count) {
    return (kv_len + count - 1) / count;
  }

  /// Splits that stage 1 computes and stage 2 merges, from the first on.
  static std::int64_t computed(const Splits& splits) { return splits.used; }
  static std::int64_t merged(const Splits& splits) { return splits.used; }

  /// Whether the state of a split has the sink in it: one of them must.
  static bool adds_sink(std::int64_t split) { return split == 0; }

  /// Row of q and o in which a merged row goes out.
  static std::int64_t out_row(const Sequence& sequence, std::int64_t row) {
    return sequence.first_row + row;
  }
};

inline constexpr std::int32_t kMostSplits = 64;

/// Splits of one sequence: what the caller asks for, up to 64, else one per 32 keys, up to 8.
inline std::int64_t split_count(const attest_attend& call, std::int64_t kv_len) {
  if (call.num_splits > 0) return std::min<std::int64_t>(call.num_splits, kMostSplits);
  return std::clamp<std::int64_t>((kv_len + 31) / 32, 1, 8);
}

template <typename Steps>
Splits splits_of(const attest_attend& call, std::int64_t kv_len) {
  Splits splits{.count = split_count(call, kv_len), .size = 0, .used = 1};
  splits.size = Steps::split_size(kv_len, splits.count);
  if (splits.size > 0) {
    splits.used = std::min((kv_len + splits.size - 1) / splits.size, splits.count);
  }
  return splits;
}

/// Splits of the sequence with most of them: the room that every row gets in the workspace.
inline std::int64_t largest_split_count(const attest_attend& call) {
  std::int64_t splits = 1;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    splits = std::max(splits, split_count(call, call.kv_len.host[b]));
  }
  return splits;
}

/// Workspace: o [total_q, num_q_heads, splits, head_dim_v], then lse [total_q, num_q_heads,
/// splits].
template <typename T>
class SplitWorkspace {
 public:
  using C = Compute<T>;

  SplitWorkspace(const attest_attend& call, std::int64_t splits)
      : num_q_heads_(call.num_q_heads),
        splits_(splits),
        head_dim_v_(call.head_dim_v),
        states_(call.total_q * call.num_q_heads * splits),
        o_(static_cast<C*>(call.workspace)) {}

  std::size_t bytes() const {
    return static_cast<std::size_t>(states_ * (head_dim_v_ + 1)) * sizeof(C);
  }
  Lanes<C> o(std::int64_t row, std::int64_t head, std::int64_t split) const {
    return {o_ + index(row, head, split) * head_dim_v_, 1};
  }
  C* lse(std::int64_t row, std::int64_t head, std::int64_t split) const {
    return o_ + states_ * head_dim_v_ + index(row, head, split);
  }

 private:
  std::int64_t index(std::int64_t row, std::int64_t head, std::int64_t split) const {
    return (row * num_q_heads_ + head) * splits_ + split;
  }

  std::int64_t num_q_heads_;
  std::int64_t splits_;
  std::int64_t head_dim_v_;
  std::int64_t states_;
  C* o_;
};

/// Stage 1: one row of one head over keys [first, last) of its sequence, as far as it sees them.
template <typename T, typename Steps>
void attend_range(const attest_attend& call, const Sequence& sequence, std::int64_t row,
                  std::int64_t head, std::int64_t first, std::int64_t last,
                  RunningRow<T, Steps>& state) {
  const KvCursor<T> kv(call, sequence.index);
  const std::int64_t position = sequence.position(row);
  const std::int64_t kv_head = kv_head_of(call, head);
  const std::int64_t begin = std::max(first, window_begin(position, call.window_left));
  const std::int64_t end = call.causal != 0 ? std::min(last, position + 1) : last;
  const Scorer<T> scorer(call, sequence.first_row + row, head, position,
                         Steps::template score_scale<Compute<T>>(call, sequence.index, head));
  state.reset();
  for (std::int64_t key = begin; key < end; ++key) {
    state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
  }
}

template <typename T>
attest_status split_kv_plan(void*, const attest_attend* call, attest_plan_result* result,
                            attest_report* report) {
  return run_checked(kSplitKvCapabilities<T>, *call, report, [&]() -> attest_status {
    const std::int64_t splits = largest_split_count(*call);
    result->num_splits = static_cast<std::int32_t>(splits);
    result->workspace_bytes = SplitWorkspace<T>(*call, splits).bytes();
    result->workspace_alignment = alignof(Compute<T>);
    return ATTEST_OK;
  });
}

/// Stage 1 of every row: one state per split into the workspace.
template <typename T, typename Steps>
void attend_splits(const attest_attend& call, const SplitWorkspace<T>& workspace) {
  RunningRow<T, Steps> state(call.head_dim_v);
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const Splits splits = splits_of<Steps>(call, sequence.kv_len);
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      const std::int64_t out_row = sequence.first_row + row;
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        for (std::int64_t split = 0; split < Steps::computed(splits); ++split) {
          const std::int64_t first = std::min(split * splits.size, sequence.kv_len);
          const std::int64_t last = std::min(first + splits.size, sequence.kv_len);
          attend_range<T, Steps>(call, sequence, row, head, first, last, state);
          if (Steps::adds_sink(split)) state.add_sink(sink_of<T>(call, head));
          state.write(workspace.o(out_row, head, split), workspace.lse(out_row, head, split),
                      part_scales<Compute<T>, Steps>(call, b, head));
        }
      }
    }
  }
}

/// Stage 2 of every row: the states of its splits become the output.
template <typename T, typename Steps>
void merge_splits(const attest_attend& call, const SplitWorkspace<T>& workspace) {
  using C = Compute<T>;
  std::vector<Part<C>> parts;
  std::vector<C> weights;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const Splits splits = splits_of<Steps>(call, sequence.kv_len);
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      const std::int64_t out_row = sequence.first_row + row;
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        parts.clear();
        for (std::int64_t split = 0; split < Steps::merged(splits); ++split) {
          const Lanes<C> o = workspace.o(out_row, head, split);
          parts.push_back({{o.data, o.stride}, *workspace.lse(out_row, head, split)});
        }
        const C o_scale = static_cast<C>(scale_at(call.o_scale, b, 0));
        merge_row<C, Steps>(std::span<const Part<C>>(parts), call.head_dim_v, weights,
                            lanes<Output<T>>(call.o, Steps::out_row(sequence, row), head),
                            element<C>(call.lse, Steps::out_row(sequence, row), head),
                            OutputScales<C>{.v = 1, .o = o_scale});
      }
    }
  }
}

template <typename T, typename Steps>
attest_status split_kv_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kSplitKvCapabilities<T>, *call, report, [&]() -> attest_status {
    const std::int64_t room = largest_split_count(*call);
    const SplitWorkspace<T> workspace(*call, room);
    if (!has_workspace(*call, workspace.bytes(), report)) return ATTEST_FAILED;
    leave_path(report, room > 1 ? "merged" : "one_split");
    attend_splits<T, Steps>(*call, workspace);
    merge_splits<T, Steps>(*call, workspace);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps>
attest_status split_kv_attend_partial(void*, const attest_attend_partial* partial,
                                      attest_report* report) {
  return run_checked(kSplitKvCapabilities<T>, *partial, report, [&]() -> attest_status {
    const attest_attend& call = partial->call;
    RunningRow<T, Steps> state(call.head_dim_v);
    for (std::int64_t b = 0; b < call.batch; ++b) {
      const Sequence sequence = sequence_at(call, b);
      const std::int64_t first = std::max(partial->kv_begin.host[b], 0);
      const std::int64_t last = std::min<std::int64_t>(partial->kv_end.host[b], sequence.kv_len);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        const std::int64_t out_row = sequence.first_row + row;
        for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
          attend_range<T, Steps>(call, sequence, row, head, first, last, state);
          state.write(lanes<Output<T>>(partial->out.o, out_row, head),
                      element<Compute<T>>(partial->out.lse, out_row, head),
                      part_scales<Compute<T>, Steps>(call, b, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = SplitKvSteps>
constexpr attest_kernel split_kv(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kSplitKvCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE;
  // Splits are counted anew in each run, and never more than for longer sequences.
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH | ATTEST_PROMISE_PLAN_REUSED;
  kernel.conventions.state_format = ATTEST_STATE_O_LSE;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = kMostSplits;
  kernel.numerics.merge_levels = 1;  // all parts at once
  kernel.numerics.merge_normalises = 1;
  kernel.plan = &split_kv_plan<T>;
  kernel.attend = &split_kv_attend<T, Steps>;
  kernel.attend_partial = &split_kv_attend_partial<T, Steps>;
  kernel.merge = &merge_states<T, Steps, kSplitKvCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::cpu
