// Ragged batches of prefills and decodes together: metadata first (a list of work tiles, each up to
// 4 rows of one sequence, in the workspace), then one loop over the tiles, as a GPU grid would run
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/append.h"
#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kRaggedBatchCapabilities = cpu_capabilities<T>(
    kContiguous | kPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers);

/// The steps that a planted kernel may replace.
struct RaggedBatchSteps : OnlineSoftmaxSteps {
  template <typename T>
  using Cursor = KvCursor<T>;

  /// Whether a sequence gets work tiles. Rows without a key need one too: their output is written.
  static bool has_work(const Sequence& sequence) { return sequence.q_len > 0; }

  /// First key that a row visits.
  static std::int64_t first_key(const Sequence& /*sequence*/) { return 0; }

  /// First key past what a row at `position` sees.
  static std::int64_t end_key(const attest_attend& call, const Sequence& sequence,
                              std::int64_t position) {
    return call.causal != 0 ? std::min(position + 1, sequence.kv_len) : sequence.kv_len;
  }

  /// What ALiBi measures distances from.
  static std::int64_t alibi_position(const Sequence& sequence, std::int64_t row) {
    return sequence.position(row);
  }

  static std::int64_t kv_head(const attest_attend& call, std::int64_t head) {
    return kv_head_of(call, head);
  }
};

/// Rows [first_row, first_row + num_rows) of one sequence.
struct WorkTile {
  std::int32_t sequence;
  std::int32_t first_row;
  std::int32_t num_rows;
};

inline constexpr std::int64_t kRowsPerTile = 4;

/// Room for the tiles of every sequence.
inline std::size_t count_work_tiles(const attest_attend& call) {
  std::int64_t tiles = 0;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    tiles += (sequence_at(call, b).q_len + kRowsPerTile - 1) / kRowsPerTile;
  }
  return static_cast<std::size_t>(tiles);
}

/// Writes the tiles, sequence by sequence; returns the end of the list.
template <typename Steps>
WorkTile* list_work_tiles(const attest_attend& call, WorkTile* tiles) {
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    if (!Steps::has_work(sequence)) continue;
    for (std::int64_t row = 0; row < sequence.q_len; row += kRowsPerTile) {
      *tiles++ = {static_cast<std::int32_t>(b), static_cast<std::int32_t>(row),
                  static_cast<std::int32_t>(std::min(kRowsPerTile, sequence.q_len - row))};
    }
  }
  return tiles;
}

inline const char* kind_of_batch(const attest_attend& call) {
  bool any_prefill = false;
  bool any_decode = false;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    (sequence_at(call, b).q_len > 1 ? any_prefill : any_decode) = true;
  }
  return any_prefill && any_decode ? "mixed" : any_prefill ? "prefill" : "decode";
}

template <typename T>
attest_status ragged_batch_plan(void*, const attest_attend* call, attest_plan_result* result,
                                attest_report* report) {
  return run_checked(kRaggedBatchCapabilities<T>, *call, report, [&]() -> attest_status {
    result->num_splits = 0;
    result->workspace_bytes = count_work_tiles(*call) * sizeof(WorkTile);
    result->workspace_alignment = alignof(WorkTile);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps>
attest_status ragged_batch_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kRaggedBatchCapabilities<T>, *call, report, [&]() -> attest_status {
    const std::size_t bytes = count_work_tiles(*call) * sizeof(WorkTile);
    if (!has_workspace(*call, bytes, report)) return ATTEST_FAILED;
    leave_path(report, kind_of_batch(*call));
    auto* const tiles = static_cast<WorkTile*>(call->workspace);
    const WorkTile* const tiles_end = list_work_tiles<Steps>(*call, tiles);

    RunningRow<T, Steps> state(call->head_dim_v);
    for (const WorkTile* tile = tiles; tile != tiles_end; ++tile) {
      const Sequence sequence = sequence_at(*call, tile->sequence);
      const typename Steps::template Cursor<T> kv(*call, sequence.index);
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        const std::int64_t kv_head = Steps::kv_head(*call, head);
        for (std::int64_t i = 0; i < tile->num_rows; ++i) {
          const std::int64_t row = tile->first_row + i;
          const std::int64_t end = Steps::end_key(*call, sequence, sequence.position(row));
          const std::int64_t out_row = sequence.first_row + row;
          const Scorer<T> scorer(
              *call, out_row, head, Steps::alibi_position(sequence, row),
              Steps::template score_scale<Compute<T>>(*call, sequence.index, head));
          state.reset();
          for (std::int64_t key = Steps::first_key(sequence); key < end; ++key) {
            state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
          }
          state.write(lanes<Output<T>>(call->o, out_row, head),
                      element<Compute<T>>(call->lse, out_row, head),
                      output_scales<Compute<T>, Steps>(*call, sequence.index, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = RaggedBatchSteps>
constexpr attest_kernel ragged_batch(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kRaggedBatchCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_APPEND;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH;
  kernel.plan = &ragged_batch_plan<T>;
  kernel.attend = &ragged_batch_attend<T, Steps>;
  kernel.append = &append_tokens<T, kRaggedBatchCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::cpu
