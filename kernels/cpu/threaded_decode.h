// Flash decoding on several threads. The keys of a sequence are cut into splits, the splits of each
// row and head are dealt out to the workers, and whoever finishes the last one merges them all, in
// their order: the bits depend neither on who that is nor on how many workers there are. Counters
// in the workspace say who was last; they begin at zero once and are left at zero. The number of
// splits follows from the sequence's own length.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/merge.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"
#include "kernels/cpu/worker_pool.h"

namespace attest::kernels::cpu {

template <typename T>
constexpr attest_capabilities threaded_decode_capabilities() {
  attest_capabilities capabilities =
      cpu_capabilities<T>(kEveryPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers |
                                           ATTEST_FEATURE_WINDOW_LEFT);
  capabilities.q_len = between(1, 16);  // decode, or a few tokens of speculation
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kThreadedDecodeCapabilities =
    threaded_decode_capabilities<T>();

inline constexpr int kDecodeWorkers = 3;
inline constexpr std::int64_t kKeysPerSplit = 16;
inline constexpr std::int32_t kMostThreadSplits = 16;

/// The steps that a planted kernel may replace.
struct ThreadedDecodeSteps : OnlineSoftmaxSteps, MergeSteps {
  static std::int64_t splits(const attest_attend& /*call*/, std::int64_t kv_len) {
    return std::clamp<std::int64_t>((kv_len + kKeysPerSplit - 1) / kKeysPerSplit, 1,
                                    kMostThreadSplits);
  }

  /// Whether the merge takes the part of this split.
  template <typename C>
  static bool takes_part(std::int64_t /*split*/, int /*num_workers*/, C /*lse*/) {
    return true;
  }

  /// After the merge, when nobody counts any more.
  static void reset(std::atomic_ref<std::uint32_t> counter) {
    counter.store(0, std::memory_order_relaxed);
  }
};

/// Counters at the front, at the same place whatever the call, so that no call's parts lie where
/// the next one counts; rows beyond their number wait for the next round.
inline constexpr std::int64_t kDecodeCounters = 256;

/// Workspace: counters [kDecodeCounters], o [kDecodeCounters or fewer, splits, head_dim_v], lse
/// [the same, splits].
template <typename C>
class DecodeWorkspace {
 public:
  DecodeWorkspace(const attest_attend& call, std::int64_t room)
      : counters_(static_cast<std::uint32_t*>(call.workspace)),
        room_(room),
        head_dim_v_(call.head_dim_v),
        parts_(std::min(call.total_q * call.num_q_heads, kDecodeCounters) * room) {}

  std::size_t bytes() const {
    return kCounterBytes + static_cast<std::size_t>(parts_ * (head_dim_v_ + 1)) * sizeof(C);
  }
  std::uint32_t& counter(std::int64_t place) const { return counters_[place]; }
  Lanes<C> o(std::int64_t place, std::int64_t split) const {
    return {numbers() + (place * room_ + split) * head_dim_v_, 1};
  }
  C* lse(std::int64_t place, std::int64_t split) const {
    return numbers() + parts_ * head_dim_v_ + place * room_ + split;
  }

 private:
  static constexpr std::size_t kCounterBytes = kDecodeCounters * sizeof(std::uint32_t);
  C* numbers() const {
    return reinterpret_cast<C*>(reinterpret_cast<std::byte*>(counters_) + kCounterBytes);
  }

  std::uint32_t* counters_;
  std::int64_t room_;  ///< splits
  std::int64_t head_dim_v_;
  std::int64_t parts_;
};

/// One row of one head: a unit of merging.
struct DecodeRow {
  std::int64_t sequence;
  std::int64_t row;
  std::int64_t head;
  std::int64_t splits;
};

template <typename Steps>
std::vector<DecodeRow> list_decode_rows(const attest_attend& call) {
  std::vector<DecodeRow> rows;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const std::int64_t splits = Steps::splits(call, sequence.kv_len);
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        rows.push_back({b, row, head, splits});
      }
    }
  }
  return rows;
}

/// Splits of the sequence with most of them.
template <typename Steps>
std::int64_t most_decode_splits(const attest_attend& call) {
  std::int64_t most = 1;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    most = std::max(most, Steps::splits(call, call.kv_len.host[b]));
  }
  return most;
}

/// What one worker needs of its own.
template <typename T, typename Steps>
struct DecodeScratch {
  explicit DecodeScratch(std::int64_t head_dim_v) : state(head_dim_v) {}

  RunningRow<T, Steps> state;
  std::vector<Part<Compute<T>>> parts;
  std::vector<Compute<T>> weights;
};

/// One split of one row and head, into the workspace.
template <typename T, typename Steps>
void decode_split(const attest_attend& call, const DecodeRow& row, std::int64_t split,
                  std::int64_t place, const DecodeWorkspace<Compute<T>>& workspace,
                  RunningRow<T, Steps>& state) {
  using C = Compute<T>;
  const Sequence sequence = sequence_at(call, row.sequence);
  const KvCursor<T> kv(call, row.sequence);
  const std::int64_t kv_head = kv_head_of(call, row.head);
  const std::int64_t position = sequence.position(row.row);
  const std::int64_t size = (sequence.kv_len + row.splits - 1) / row.splits;
  const std::int64_t begin = std::max(split * size, window_begin(position, call.window_left));
  std::int64_t end = std::min(split * size + size, sequence.kv_len);
  if (call.causal != 0) end = std::min(end, position + 1);
  const Scorer<T> scorer(call, sequence.first_row + row.row, row.head, position,
                         Steps::template score_scale<C>(call, row.sequence, row.head));
  state.reset();
  for (std::int64_t key = begin; key < end; ++key) {
    state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
  }
  state.write(workspace.o(place, split), workspace.lse(place, split), OutputScales<C>{});
}

template <typename T, typename Steps>
void merge_decode_row(const attest_attend& call, const DecodeRow& row, std::int64_t place,
                      const DecodeWorkspace<Compute<T>>& workspace, int num_workers,
                      DecodeScratch<T, Steps>& scratch) {
  using C = Compute<T>;
  scratch.parts.clear();
  for (std::int64_t split = 0; split < row.splits; ++split) {
    const C lse = *workspace.lse(place, split);
    if (!Steps::takes_part(split, num_workers, lse)) continue;
    const Lanes<C> o = workspace.o(place, split);
    scratch.parts.push_back({{o.data, o.stride}, lse});
  }
  const std::int64_t out_row = sequence_at(call, row.sequence).first_row + row.row;
  merge_row<C, Steps>(std::span<const Part<C>>(scratch.parts), call.head_dim_v, scratch.weights,
                      lanes<Output<T>>(call.o, out_row, row.head),
                      element<C>(call.lse, out_row, row.head),
                      output_scales<C, Steps>(call, row.sequence, row.head));
}

/// A worker's share of the rows [first, last): every num_workers-th split of each.
template <typename T, typename Steps>
void decode_share(const attest_attend& call, const std::vector<DecodeRow>& rows, std::size_t first,
                  std::size_t last, int worker, int num_workers,
                  const DecodeWorkspace<Compute<T>>& workspace, DecodeScratch<T, Steps>& scratch) {
  for (std::size_t i = first; i < last; ++i) {
    const DecodeRow& row = rows[i];
    const auto place = static_cast<std::int64_t>(i - first);
    for (std::int64_t split = worker; split < row.splits; split += num_workers) {
      decode_split<T, Steps>(call, row, split, place, workspace, scratch.state);
      const std::atomic_ref<std::uint32_t> counter(workspace.counter(place));
      const std::uint32_t before = counter.fetch_add(1, std::memory_order_acq_rel);
      if (before + 1 != static_cast<std::uint32_t>(row.splits)) continue;
      merge_decode_row<T, Steps>(call, row, place, workspace, num_workers, scratch);
      Steps::reset(counter);
    }
  }
}

template <typename T, typename Steps>
attest_status threaded_decode_plan(void*, const attest_attend* call, attest_plan_result* result,
                                   attest_report* report) {
  return run_checked(kThreadedDecodeCapabilities<T>, *call, report, [&]() -> attest_status {
    const std::int64_t room = most_decode_splits<Steps>(*call);
    result->num_splits = static_cast<std::int32_t>(room);
    result->workspace_bytes = DecodeWorkspace<Compute<T>>(*call, room).bytes();
    result->workspace_alignment = alignof(double);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps>
attest_status threaded_decode_attend(void* self, const attest_attend* call, attest_report* report) {
  return run_checked(kThreadedDecodeCapabilities<T>, *call, report, [&]() -> attest_status {
    WorkerPool& pool = *static_cast<WorkerPool*>(self);
    const std::int64_t room = most_decode_splits<Steps>(*call);
    const DecodeWorkspace<Compute<T>> workspace(*call, room);
    if (!has_workspace(*call, workspace.bytes(), report)) return ATTEST_FAILED;
    leave_path(report, room > 1 ? "merged" : "one_split");
    const std::vector<DecodeRow> rows = list_decode_rows<Steps>(*call);
    std::vector<DecodeScratch<T, Steps>> scratch(static_cast<std::size_t>(pool.num_workers()),
                                                 DecodeScratch<T, Steps>(call->head_dim_v));
    for (auto& own : scratch) {  // workers must not throw: no vector grows in them
      own.parts.reserve(static_cast<std::size_t>(room));
      own.weights.reserve(static_cast<std::size_t>(room));
    }
    const auto round = static_cast<std::size_t>(kDecodeCounters);
    for (std::size_t first = 0; first < rows.size(); first += round) {
      const std::size_t last = std::min(first + round, rows.size());
      pool.run([&](int worker) {
        decode_share<T, Steps>(*call, rows, first, last, worker, pool.num_workers(), workspace,
                               scratch[static_cast<std::size_t>(worker)]);
      });
    }
    return ATTEST_OK;
  });
}

inline attest_status threaded_decode_create(void** self, attest_report* report) {
  try {
    *self = new WorkerPool(kDecodeWorkers);
    return ATTEST_OK;
  } catch (const std::exception& error) {
    leave_message(report, error.what());
    return ATTEST_FAILED;
  }
}

inline void threaded_decode_destroy(void* self) { delete static_cast<WorkerPool*>(self); }

template <typename T, typename Steps = ThreadedDecodeSteps>
constexpr attest_kernel threaded_decode(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kThreadedDecodeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH;
  kernel.conventions.workspace_before = ATTEST_WORKSPACE_ZEROED_ONCE;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = kMostThreadSplits;
  kernel.numerics.merge_levels = 1;  // all parts at once
  kernel.numerics.merge_normalises = 1;
  kernel.create = &threaded_decode_create;
  kernel.destroy = &threaded_decode_destroy;
  kernel.plan = &threaded_decode_plan<T, Steps>;
  kernel.attend = &threaded_decode_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
