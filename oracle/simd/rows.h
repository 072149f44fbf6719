// What both tiers do around their inner loops: working memory, the panels a block needs, norms,
// masks, and rows that see nothing. Included by engine_impl.h.
#pragma once

#include "oracle/simd/ball.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/pack.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

inline constexpr double kInfinity = __builtin_huge_val();

/// Rows of a block in whole vectors.
inline constexpr std::int64_t kRowSlots = (kBlockRows + 7) / 8 * 8;

/// One block at work. Arrays over keys: [key panels, kBlockRows, kPanel]; over outputs: [output
/// panels, kBlockRows, kPanel].
struct Work {
  std::int64_t first_panel = 0, last_panel = 0;  ///< of keys some row sees
  std::int64_t last_key = 0;                     ///< one past the last key some row sees
  std::int64_t first_inner = 0, last_inner = 0;  ///< of panels all whose keys every row sees
  bool has_extra = false;                        ///< some row has
  bool simple = true;                            ///< scores are scaled dot products
  std::int64_t rows = 0;                         ///< of the block, rounded up to whole vectors
  double inverse_cap = 0;
  double most_v = 0;  ///< max |v|

  double* q = nullptr;                         ///< [dim_qk, kRowSlots]
  double *high = nullptr, *low = nullptr;      ///< scores, then weights
  double *o_high = nullptr, *o_low = nullptr;  ///< sum of weight times value

  // Per row.
  double keys[kRowSlots], factor[kRowSlots], norm_q[kRowSlots],
      norm_k[kRowSlots];  ///< see RowFacts
  double extra_most[kRowSlots], shift[kRowSlots];
  bool evaluated[kBlockRows];
  F64x8 lane_most[kRowSlots];        ///< the largest score per lane
  F64x8 lane_sum[kRowSlots];         ///< sum of weights per lane
  F64x8 lane_extra_most[kRowSlots];  ///< the largest extra_size per lane
  F64x8 lane_extra_sum[kRowSlots];   ///< sum of weight times extra_size per lane
};

ATTEST_SIMD_INLINE double* row_of(double* array, std::int64_t panel, std::int64_t row) {
  return array + (panel * kBlockRows + row) * kPanel;
}
ATTEST_SIMD_INLINE std::int64_t min_of(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
ATTEST_SIMD_INLINE std::int64_t max_of(std::int64_t a, std::int64_t b) { return a > b ? a : b; }

inline void place_work(const Block& block, const Scratch& scratch, Work& work) {
  const Keys& keys = *block.keys;
  const std::int64_t over_keys = panels(keys.count) * kBlockRows * kPanel;
  const std::int64_t over_outputs = panels(keys.dim_v) * kBlockRows * kPanel;
  work.high = scratch.memory;
  work.low = work.high + over_keys;
  work.o_high = work.low + over_keys;
  work.o_low = work.o_high + over_outputs;
  work.q = work.o_low + over_outputs;
}

inline void find_panels(const Block& block, Work& work) {
  std::int64_t first = block.keys->count, last = 0;
  std::int64_t first_all = 0, last_all = block.keys->count;
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    const BlockRow& row = block.rows[r];
    work.has_extra = work.has_extra || row.extra != nullptr;
    first_all = max_of(first_all, row.first);
    last_all = min_of(last_all, row.last);
    if (row.first >= row.last) continue;
    first = min_of(first, row.first);
    last = max_of(last, row.last);
  }
  work.simple = !work.has_extra && !(block.softcap > 0);
  if (first >= last) return;
  work.first_panel = first / kPanel;
  work.last_panel = panels(last);
  work.last_key = last;
  work.first_inner = panels(first_all);
  work.last_inner = max_of(work.first_inner, last_all / kPanel);
}

/// The rows' queries into work.q, and their norms.
inline void pack_queries(const Block& block, Work& work) {
  for (std::int64_t half = 0; half < block.num_rows; half += 8) {
    const double* rows[8];
    for (std::int64_t r = 0; r < 8; ++r) {
      rows[r] = block.rows[min_of(half + r, block.num_rows - 1)].q;
    }
    store(work.norm_q + half, pack_half(rows, block.keys->dim_qk, work.q + half, kRowSlots));
  }
}

/// Fills in what is known of the rows before their scores are.
inline void prepare(const Block& block, const Scratch& scratch, Work& work) {
  place_work(block, scratch, work);
  if (block.softcap > 0) work.inverse_cap = 1 / block.softcap;
  work.rows = (block.num_rows + 7) / 8 * 8;
  find_panels(block, work);
  double* const facts[] = {work.keys,   work.factor,     work.norm_q,
                           work.norm_k, work.extra_most, work.shift};
  for (double* fact : facts) {
    for (std::int64_t r = 0; r < work.rows; r += 8) store(fact + r, splat(0.0));
  }
  pack_queries(block, work);
  F64x8 most_v = splat(0.0);
  for (std::int64_t d = 0; d < block.keys->dim_v; d += 8) {
    most_v = larger(most_v, load(block.keys->max_v + d));
  }
  work.most_v = largest_lane(most_v);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    const BlockRow& row = block.rows[r];
    work.factor[r] = __builtin_fabs(row.factor);
    if (row.first < row.last) {
      work.keys[r] = static_cast<double>(row.last - row.first);
      for (std::int64_t p = row.first / kPanel; p < panels(row.last); ++p) {
        work.norm_k[r] = larger_of(work.norm_k[r], block.keys->panel_norm_k[p]);
      }
    }
  }
  for (std::int64_t r = 0; r < work.rows; ++r) {
    work.lane_most[r] = splat(-kInfinity);
    work.lane_sum[r] = splat(0.0);
    if (work.has_extra) work.lane_extra_most[r] = work.lane_extra_sum[r] = splat(0.0);
  }
}

/// sum_lanes() and largest_lane() of eight vectors at once, one per lane of the result.
ATTEST_SIMD_INLINE void transpose(const F64x8* from, F64x8 (&x)[8]) {
  double lanes[8][8];
  const double* rows[8];
  for (int r = 0; r < 8; ++r) {
    store(lanes[r], from[r]);
    rows[r] = lanes[r];
  }
  load_transposed(rows, 0, x);
}
ATTEST_SIMD_INLINE F64x8 sum_each(const F64x8* from) {
  F64x8 x[8];
  transpose(from, x);
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}
ATTEST_SIMD_INLINE F64x8 largest_each(const F64x8* from) {
  F64x8 x[8];
  transpose(from, x);
  return larger(larger(larger(x[0], x[1]), larger(x[2], x[3])),
                larger(larger(x[4], x[5]), larger(x[6], x[7])));
}

/// The eight entries of a key array that stand at key j, `beyond` where there are no keys.
ATTEST_SIMD_INLINE F64x8 load_keys(const double* array, std::int64_t j, std::int64_t count,
                                   double beyond) {
  if (j + 8 <= count) return load(array + j);
  double x[8];
  for (std::int64_t i = 0; i < 8; ++i) x[i] = j + i < count ? array[j + i] : beyond;
  return load(x);
}

/// Scores of keys j ... j + 7, -inf where j is not in [first, last).
ATTEST_SIMD_INLINE F64x8 hide_outside(const BlockRow& row, std::int64_t j, F64x8 scores) {
  if (j >= row.first && j + 8 <= row.last) return scores;
  alignas(64) static constexpr double kIota[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  const F64x8 key = splat(static_cast<double>(j)) + load(kIota);
  const F64x8 hidden = splat(-kInfinity);
  const F64x8 below_last = select(less(key, splat(static_cast<double>(row.last))), scores, hidden);
  return select(less(key, splat(static_cast<double>(row.first))), hidden, below_last);
}

/// Whether nothing row r adds up can overflow, so that what it sees is finite.
ATTEST_SIMD_INLINE bool stays_finite(const Block& block, const Work& work, std::int64_t r) {
  const double cap = block.softcap, dot = work.norm_q[r] * work.norm_k[r];
  const BlockRow& row = block.rows[r];
  return dot < kHuge && dot * work.factor[r] < kHuge && work.extra_most[r] < kHuge &&
         (!(cap > 0) || (cap > 1 / kHuge && cap < kHuge)) &&
         (!row.has_sink || __builtin_fabs(row.sink) < kHuge);
}

/// Sets max_t and `finite` of all rows from their largest scores, and which are to be evaluated:
/// those that see something, and that cannot overflow.
inline void settle_maxima(Block& block, Work& work) {
  double most[kRowSlots];
  for (std::int64_t half = 0; half < block.num_rows; half += 8) {
    store(most + half, largest_each(work.lane_most + half));
    if (work.has_extra) store(work.extra_most + half, largest_each(work.lane_extra_most + half));
  }
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    BlockRow& row = block.rows[r];
    row.finite = stays_finite(block, work, r);
    if (!row.finite) most[r] = -kInfinity;
    row.max_t = row.has_sink ? larger_of(most[r], row.sink) : most[r];
    work.shift[r] = __builtin_fabs(row.max_t);
    work.evaluated[r] = most[r] > -kInfinity;
  }
}

/// No sum of products with values overflows as long as their bound does not. In double-double,
/// anchors are 12 times as large.
ATTEST_SIMD_INLINE void settle_finite(const Work& work, BlockRow& row) {
  row.finite = work.most_v * row.l * (1 + __builtin_fabs(row.v_scale)) < 0x1p1018;
}

/// The results of a row that is not evaluated.
inline void clear_results(const Keys& keys, BlockRow& row) {
  for (std::int64_t d = 0; d < keys.dim_v; ++d) {
    row.o[d] = row.ball[d] = 0;
    if (row.o_low != nullptr) row.o_low[d] = 0;
  }
  row.lse = row.max_t;
  row.lse_low = row.lse_ball = 0;
  row.l = row.has_sink ? 1 : 0;
}

/// Of rows first ... first + 7, whose weights add up to `l`.
ATTEST_SIMD_INLINE RowFacts facts_of(const Block& block, const Work& work, std::int64_t first,
                                     F64x8 l) {
  double log_keys[8];
  for (std::int64_t r = 0; r < 8; ++r) log_keys[r] = log_above(work.keys[first + r] + 2);
  return {.dim_qk = static_cast<double>(block.keys->dim_qk),
          .softcap = block.softcap,
          .keys = load(work.keys + first),
          .log_keys = load(log_keys),
          .factor = load(work.factor + first),
          .norm_q = load(work.norm_q + first),
          .norm_k = load(work.norm_k + first),
          .extra_most = load(work.extra_most + first),
          .extra_mean = work.has_extra ? sum_each(work.lane_extra_sum + first) / l : splat(0.0),
          .shift = load(work.shift + first)};
}

/// Stores lanes d ... d + 7, as many as the row has.
ATTEST_SIMD_INLINE void store_lanes(double* to, std::int64_t d, std::int64_t dim, F64x8 x) {
  if (d + 8 <= dim) {
    store(to + d, x);
    return;
  }
  double lanes[8];
  store(lanes, x);
  for (std::int64_t i = 0; d + i < dim; ++i) to[d + i] = lanes[i];
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
