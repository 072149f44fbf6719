// Ragged prefill over a paged cache with tiles on both sides: 4 query rows meet tiles of 8 keys
// that were gathered through the block table. Tiles inside every bound skip the mask; only where
// the diagonal, the window's edge or the end of the cache cross a tile is each score looked at. A
// custom mask is packed into bits that the kernel object keeps, as a prefill wrapper with a plan
// does. Sequences with the most work go first.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kTiledPrefillCapabilities =
    cpu_capabilities<T>(kEveryPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers |
                                         ATTEST_FEATURE_WINDOW_LEFT | ATTEST_FEATURE_CUSTOM_MASK);

inline constexpr std::int64_t kPrefillRows = 4;  ///< query rows of a tile
inline constexpr std::int64_t kPrefillKeys = 8;  ///< keys of a tile
inline constexpr std::int64_t kNoKey = -1;

/// The custom mask of a call, packed: bit i is element i of custom_mask.
struct PackedMask {
  bool used = false;
  std::vector<std::uint8_t> bits;

  bool at(std::int64_t i) const {
    const auto byte = static_cast<std::size_t>(i / 8);
    return byte >= bits.size() || (bits[byte] >> (i % 8) & 1) != 0;
  }
};

inline void pack_mask(const attest_attend& call, PackedMask& mask) {
  const std::int64_t count = call.custom_mask.shape[0];
  mask.used = true;
  mask.bits.assign(static_cast<std::size_t>((count + 7) / 8), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    if (element<std::uint8_t>(call.custom_mask, i) == 0) continue;
    mask.bits[static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(1u << (i % 8));
  }
}

/// A tile of keys of one KV head, gathered. Rows without a key have position kNoKey; their values
/// are zero, because the product with P takes all rows.
template <typename T>
struct KeyTile {
  std::array<std::int64_t, kPrefillKeys> position;
  std::vector<Cache<T>> k;  ///< [kPrefillKeys, head_dim_qk]
  std::vector<Cache<T>> v;  ///< [kPrefillKeys, head_dim_v]

  KeyTile(std::int64_t head_dim_qk, std::int64_t head_dim_v)
      : k(static_cast<std::size_t>(kPrefillKeys * head_dim_qk)),
        v(static_cast<std::size_t>(kPrefillKeys * head_dim_v)) {
    position.fill(kNoKey);
  }

  Lanes<const Cache<T>> k_row(std::int64_t j, std::int64_t head_dim_qk) const {
    return {k.data() + j * head_dim_qk, 1};
  }
  Lanes<const Cache<T>> v_row(std::int64_t j, std::int64_t head_dim_v) const {
    return {v.data() + j * head_dim_v, 1};
  }
};

/// The steps that a planted kernel may replace.
struct TiledPrefillSteps : OnlineSoftmaxSteps {
  /// Takes over the custom mask of a call, or that it has none.
  static void set_mask(const attest_attend& call, PackedMask& mask) {
    mask.used = false;
    if (call.custom_mask.data != nullptr) pack_mask(call, mask);
  }

  /// Empties the rows of a tile from `first` on.
  template <typename T>
  static void clear_rows(KeyTile<T>& tile, std::int64_t first, std::int64_t head_dim_v) {
    std::fill(tile.position.begin() + first, tile.position.end(), kNoKey);
    std::fill(tile.v.begin() + first * head_dim_v, tile.v.end(), Cache<T>{});
  }

  /// Whether scores past the last key of a query tile are masked.
  static bool masks_end(const attest_attend& /*call*/) { return true; }

  /// Rows that are written for a tile of a sequence without keys, from its first row on.
  static std::int64_t rows_without_keys(const attest_attend& /*call*/, const Sequence& /*sequence*/,
                                        std::int64_t /*first_row*/, std::int64_t num_rows) {
    return num_rows;
  }
};

/// Rows [first_row, first_row + num_rows) of one sequence, and the keys that any of them may see.
struct QueryTile {
  Sequence sequence;
  std::int64_t first_row;
  std::int64_t num_rows;
  std::int64_t begin_key;  ///< a multiple of kPrefillKeys
  std::int64_t end_key;
  std::int64_t mask_begin;  ///< of the sequence's custom mask, [q_len, kv_len]

  std::int64_t position(std::int64_t row) const { return sequence.position(first_row + row); }
};

/// Whether the keys of a tile are visible to all rows of a query tile without looking.
template <typename Steps>
bool needs_mask(const attest_attend& call, const PackedMask& mask, const QueryTile& rows,
                std::int64_t key) {
  const std::int64_t last_key = key + kPrefillKeys - 1;
  return mask.used || (last_key >= rows.end_key && Steps::masks_end(call)) ||
         (call.causal != 0 && last_key > rows.position(0)) ||
         (call.window_left >= 0 &&
          key < window_begin(rows.position(rows.num_rows - 1), call.window_left));
}

inline bool row_sees(const attest_attend& call, const PackedMask& mask, const QueryTile& rows,
                     std::int64_t row, std::int64_t key) {
  if (key == kNoKey) return false;
  const std::int64_t position = rows.position(row);
  if (call.causal != 0 && key > position) return false;
  if (key < window_begin(position, call.window_left)) return false;
  return !mask.used ||
         mask.at(rows.mask_begin + (rows.first_row + row) * rows.sequence.kv_len + key);
}

template <typename T, typename Steps>
void load_tile(const QueryTile& rows, const KvCursor<T>& kv, std::int64_t key, std::int64_t kv_head,
               std::int64_t head_dim_qk, std::int64_t head_dim_v, KeyTile<T>& tile) {
  const std::int64_t num_keys = std::min(kPrefillKeys, rows.end_key - key);
  for (std::int64_t j = 0; j < num_keys; ++j) {
    tile.position[static_cast<std::size_t>(j)] = key + j;
    const auto k = kv.k(key + j, kv_head);
    const auto v = kv.v(key + j, kv_head);
    for (std::int64_t d = 0; d < head_dim_qk; ++d)
      tile.k[static_cast<std::size_t>(j * head_dim_qk + d)] = k[d];
    for (std::int64_t d = 0; d < head_dim_v; ++d)
      tile.v[static_cast<std::size_t>(j * head_dim_v + d)] = v[d];
  }
  if (num_keys < kPrefillKeys) Steps::clear_rows(tile, num_keys, head_dim_v);
}

/// One query tile of one head.
template <typename T, typename Steps>
void attend_tile(const attest_attend& call, const PackedMask& mask, const QueryTile& rows,
                 std::int64_t head, KeyTile<T>& tile, std::vector<RunningRow<T, Steps>>& states) {
  using C = Compute<T>;
  const std::int64_t b = rows.sequence.index;
  const KvCursor<T> kv(call, b);
  const C scale = Steps::template score_scale<C>(call, b, head);
  std::array<C, kPrefillKeys> scores;
  for (RunningRow<T, Steps>& state : states) state.reset();
  for (std::int64_t key = rows.begin_key; key < rows.end_key; key += kPrefillKeys) {
    load_tile<T, Steps>(rows, kv, key, kv_head_of(call, head), call.head_dim_qk, call.head_dim_v,
                        tile);
    const bool masked = needs_mask<Steps>(call, mask, rows, key);
    for (std::int64_t row = 0; row < rows.num_rows; ++row) {
      const std::int64_t out_row = rows.sequence.first_row + rows.first_row + row;
      const Scorer<T> scorer(call, out_row, head, rows.position(row), scale);
      for (std::int64_t j = 0; j < kPrefillKeys; ++j) {
        const auto slot = static_cast<std::size_t>(j);
        const std::int64_t position = tile.position[slot];
        const bool visible = !masked || row_sees(call, mask, rows, row, position);
        scores[slot] =
            visible ? scorer(tile.k_row(j, call.head_dim_qk), position) : kMinusInfinity<C>;
      }
      states[static_cast<std::size_t>(row)].add_tile(
          std::span<const C>(scores), scores.size(),
          [&](std::size_t j) { return tile.v_row(static_cast<std::int64_t>(j), call.head_dim_v); });
    }
  }
}

/// Sequences with the most work first, as a grid is filled; equal ones in order.
inline std::vector<std::int64_t> longest_first(const attest_attend& call) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(call.batch));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return call.kv_len.host[a] > call.kv_len.host[b];
  });
  return order;
}

/// First element of each sequence's part of a custom mask.
inline std::vector<std::int64_t> mask_begins(const attest_attend& call) {
  std::vector<std::int64_t> begins{0};
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    begins.push_back(begins.back() + sequence.q_len * sequence.kv_len);
  }
  return begins;
}

inline QueryTile query_tile(const attest_attend& call, const Sequence& sequence,
                            std::int64_t first_row, std::int64_t mask_begin) {
  QueryTile rows{.sequence = sequence,
                 .first_row = first_row,
                 .num_rows = std::min(kPrefillRows, sequence.q_len - first_row),
                 .begin_key = 0,
                 .end_key = sequence.kv_len,
                 .mask_begin = mask_begin};
  const std::int64_t begin = window_begin(rows.position(0), call.window_left);
  rows.begin_key = begin / kPrefillKeys * kPrefillKeys;
  if (call.causal != 0) {
    rows.end_key = std::min(rows.end_key, rows.position(rows.num_rows - 1) + 1);
  }
  return rows;
}

template <typename T, typename Steps>
attest_status tiled_prefill_attend(void* self, const attest_attend* call, attest_report* report) {
  return run_checked(kTiledPrefillCapabilities<T>, *call, report, [&]() -> attest_status {
    using C = Compute<T>;
    PackedMask& mask = *static_cast<PackedMask*>(self);
    Steps::set_mask(*call, mask);
    leave_path(report, mask.used ? "custom_mask" : "bounds");
    const std::vector<std::int64_t> mask_begin = mask_begins(*call);
    KeyTile<T> tile(call->head_dim_qk, call->head_dim_v);
    std::vector<RunningRow<T, Steps>> states(static_cast<std::size_t>(kPrefillRows),
                                             RunningRow<T, Steps>(call->head_dim_v));
    for (const std::int64_t b : longest_first(*call)) {
      const Sequence sequence = sequence_at(*call, b);
      for (std::int64_t first = 0; first < sequence.q_len; first += kPrefillRows) {
        const QueryTile rows =
            query_tile(*call, sequence, first, mask_begin[static_cast<std::size_t>(b)]);
        const std::int64_t written =
            sequence.kv_len > 0 ? rows.num_rows
                                : Steps::rows_without_keys(*call, sequence, first, rows.num_rows);
        for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
          attend_tile<T, Steps>(*call, mask, rows, head, tile, states);
          for (std::int64_t row = 0; row < written; ++row) {
            const std::int64_t out_row = sequence.first_row + first + row;
            states[static_cast<std::size_t>(row)].write(lanes<Output<T>>(call->o, out_row, head),
                                                        element<C>(call->lse, out_row, head),
                                                        output_scales<C, Steps>(*call, b, head));
          }
        }
      }
    }
    return ATTEST_OK;
  });
}

inline attest_status tiled_prefill_create(void** self, attest_report* report) {
  *self = new (std::nothrow) PackedMask;
  if (*self != nullptr) return ATTEST_OK;
  leave_message(report, "no memory");
  return ATTEST_FAILED;
}

inline void tiled_prefill_destroy(void* self) { delete static_cast<PackedMask*>(self); }

template <typename T, typename Steps = TiledPrefillSteps>
constexpr attest_kernel tiled_prefill(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kTiledPrefillCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH;
  kernel.conventions.masked_tokens = ATTEST_SLOTS_FINITE;  // whole tiles of V, some with weight 0
  kernel.numerics.tile = kPrefillKeys;
  kernel.numerics.max_splits = 1;
  kernel.create = &tiled_prefill_create;
  kernel.destroy = &tiled_prefill_destroy;
  kernel.attend = &tiled_prefill_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
