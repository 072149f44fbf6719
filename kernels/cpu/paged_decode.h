// Streaming decode over a paged cache: one query per sequence, the newest token, which sees every
// cached key or those in its window. Tiles of 16 keys, whatever the page size; the block table is
// looked up key by key.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "kernels/cpu/append.h"
#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
constexpr attest_capabilities paged_decode_capabilities() {
  attest_capabilities capabilities = cpu_capabilities<T>(
      kEveryPaged, kBothMasks | kAnyShapes | kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT |
                       ATTEST_FEATURE_SINK | ATTEST_FEATURE_EMPTY_KV);
  capabilities.q_len = between(1, 1);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kPagedDecodeCapabilities = paged_decode_capabilities<T>();

/// The steps that a planted kernel may replace.
struct PagedDecodeSteps : OnlineSoftmaxSteps, AppendSteps {
  static constexpr std::int64_t kTile = 16;
  static constexpr std::int32_t kDeclaredTile = kTile;  ///< no tile but a row's last is shorter

  template <typename T>
  using Cursor = KvCursor<T>;
  template <typename T>
  using RowScorer = Scorer<T>;

  /// Shapes: [head_dim_v].
  template <typename T>
  static Lanes<Output<T>> output(const attest_attend& call, std::int64_t row, std::int64_t head) {
    return lanes<Output<T>>(call.o, row, head);
  }

  /// First key of the first tile, for a window that begins at key `begin`.
  static std::int64_t first_tile(std::int64_t begin) { return begin; }

  /// First key past those of a sequence.
  static std::int64_t end_key(const attest_attend& /*call*/, const Sequence& sequence) {
    return sequence.kv_len;
  }

  /// First key after the tile that begins at key `tile`.
  static std::int64_t tile_end(std::int64_t tile, std::int64_t end, std::int64_t /*page_size*/) {
    return std::min(tile + kTile, end);
  }

  /// First key of the tile after the one at [tile, tile_end).
  static std::int64_t next_tile(std::int64_t tile_end, std::int64_t /*page_size*/) {
    return tile_end;
  }

  /// Rows of K that a tile of `num_keys` keys reads.
  static std::int64_t key_rows(std::int64_t /*tile*/, std::int64_t num_keys,
                               std::int64_t /*page_size*/) {
    return num_keys;
  }

  /// Score of a row of K past the keys of its tile. Selected: -inf added to NaN would stay NaN.
  template <typename T>
  static T masked(T /*score*/) {
    return kMinusInfinity<T>;
  }

  /// Rows of V that a tile of `num_keys` keys reads.
  static std::int64_t value_rows(std::int64_t /*tile*/, std::int64_t num_keys,
                                 std::int64_t /*page_size*/) {
    return num_keys;
  }
};

template <typename T, typename Steps>
attest_status paged_decode_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kPagedDecodeCapabilities<T>, *call, report, [&]() -> attest_status {
    RunningRow<T, Steps> state(call->head_dim_v);
    std::array<Compute<T>, Steps::kTile> scores;
    const std::int64_t page_size = call->page_size;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      const typename Steps::template Cursor<T> kv(*call, b);
      const std::int64_t position = sequence.position(0);
      const std::int64_t end = Steps::end_key(*call, sequence);
      const std::int64_t begin = Steps::first_tile(window_begin(position, call->window_left));
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        const std::int64_t kv_head = kv_head_of(*call, head);
        const typename Steps::template RowScorer<T> scorer(
            *call, sequence.first_row, head, position,
            Steps::template score_scale<Compute<T>>(*call, b, head));
        state.reset();
        for (std::int64_t tile = begin; tile < end;) {
          const std::int64_t tile_end = Steps::tile_end(tile, end, page_size);
          const std::int64_t num_keys = tile_end - tile;
          const std::int64_t key_rows = Steps::key_rows(tile, num_keys, page_size);
          for (std::int64_t j = 0; j < key_rows; ++j) {
            const Compute<T> score = scorer(kv.k(tile + j, kv_head), tile + j);
            scores[static_cast<std::size_t>(j)] = j < num_keys ? score : Steps::masked(score);
          }
          state.add_tile(
              std::span<const Compute<T>>(scores.data(), static_cast<std::size_t>(key_rows)),
              static_cast<std::size_t>(Steps::value_rows(tile, num_keys, page_size)),
              [&](std::size_t j) { return kv.v(tile + static_cast<std::int64_t>(j), kv_head); });
          tile = Steps::next_tile(tile_end, page_size);
        }
        state.add_sink(sink_of<T>(*call, head));
        state.write(Steps::template output<T>(*call, sequence.first_row, head),
                    element<Compute<T>>(call->lse, sequence.first_row, head),
                    output_scales<Compute<T>, Steps>(*call, b, head));
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = PagedDecodeSteps>
constexpr attest_kernel paged_decode(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kPagedDecodeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_APPEND;
  kernel.numerics.tile = Steps::kDeclaredTile;
  kernel.numerics.max_splits = 1;
  kernel.attend = &paged_decode_attend<T, Steps>;
  kernel.append = &append_tokens<T, kPagedDecodeCapabilities<T>, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
