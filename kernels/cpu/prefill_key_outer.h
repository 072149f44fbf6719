// Causal prefill with the keys outside: tiles of 8 keys, each met by all rows of the chunk, which
// keep their running states meanwhile. Tiles below the diagonal need no mask; only where the
// diagonal crosses a tile does a row see part of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kPrefillKeyOuterCapabilities = cpu_capabilities<T>(
    kContiguous | kPaged, ATTEST_FEATURE_CAUSAL | kAnyLengths | kAnyShapes | kScoreModifiers);

/// The steps that a planted kernel may replace.
struct PrefillKeyOuterSteps : OnlineSoftmaxSteps {
  template <typename T>
  using Cursor = KvCursor<T>;

  /// First key of the first tile.
  static std::int64_t first_tile(const Sequence& /*sequence*/) { return 0; }

  /// First key that no row of the chunk may see, before the cache's own end.
  static std::int64_t causal_end(const Sequence& sequence) {
    return sequence.position(sequence.q_len);
  }
};

inline constexpr std::int64_t kKeysPerTile = 8;

template <typename T, typename Steps>
attest_status prefill_key_outer_attend(void*, const attest_attend* call, attest_report* report) {
  constexpr std::int64_t kTile = kKeysPerTile;
  return run_checked(kPrefillKeyOuterCapabilities<T>, *call, report, [&]() -> attest_status {
    std::vector<RunningRow<T, Steps>> states;
    std::array<Compute<T>, kTile> scores;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      const typename Steps::template Cursor<T> kv(*call, b);
      const std::int64_t end = std::min(Steps::causal_end(sequence), sequence.kv_len);
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        const std::int64_t kv_head = kv_head_of(*call, head);
        states.assign(static_cast<std::size_t>(sequence.q_len),
                      RunningRow<T, Steps>(call->head_dim_v));
        for (std::int64_t tile = Steps::first_tile(sequence); tile < end; tile += kTile) {
          const std::int64_t tile_size = std::min(kTile, end - tile);
          for (std::int64_t row = 0; row < sequence.q_len; ++row) {
            const std::int64_t position = sequence.position(row);
            if (position < tile) continue;  // the whole tile is this row's future
            const bool diagonal = position < tile + tile_size - 1;
            const std::int64_t num_keys = diagonal ? position - tile + 1 : tile_size;
            const Scorer<T> scorer(*call, sequence.first_row + row, head, position,
                                   Steps::template score_scale<Compute<T>>(*call, b, head));
            for (std::int64_t j = 0; j < num_keys; ++j) {
              scores[static_cast<std::size_t>(j)] = scorer(kv.k(tile + j, kv_head), tile + j);
            }
            const auto size = static_cast<std::size_t>(num_keys);
            states[static_cast<std::size_t>(row)].add_tile(
                std::span<const Compute<T>>(scores.data(), size), size,
                [&](std::size_t j) { return kv.v(tile + static_cast<std::int64_t>(j), kv_head); });
          }
        }
        for (std::int64_t row = 0; row < sequence.q_len; ++row) {
          const std::int64_t out_row = sequence.first_row + row;
          states[static_cast<std::size_t>(row)].write(
              lanes<Output<T>>(call->o, out_row, head),
              element<Compute<T>>(call->lse, out_row, head),
              output_scales<Compute<T>, Steps>(*call, b, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = PrefillKeyOuterSteps>
constexpr attest_kernel prefill_key_outer(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kPrefillKeyOuterCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.tile = kKeysPerTile;
  kernel.numerics.max_splits = 1;
  kernel.attend = &prefill_key_outer_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
