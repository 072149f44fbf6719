// What both tiers do around their inner loops: working memory, the panels a block needs, norms,
// masks, and rows that see nothing. Included by engine_impl.h.
#pragma once

#include "oracle/simd/ball.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/pack.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

inline constexpr double kInfinity = __builtin_huge_val();

/// One block at work. Arrays over keys: [key panels, kBlockRows, kPanel]; over outputs: [output
/// panels, kBlockRows, kPanel].
struct Work {
  std::int64_t first_panel = 0, last_panel = 0;  ///< of keys some row sees
  std::int64_t first_inner = 0, last_inner = 0;  ///< of panels all whose keys every row sees
  bool simple = true;                            ///< scores are scaled dot products
  double inverse_cap = 0;

  double* q = nullptr;  ///< [dim_qk, kPanel]
  double *high = nullptr, *low = nullptr;      ///< scores, then weights
  double *o_high = nullptr, *o_low = nullptr;  ///< sum of weight times value

  RowFacts facts[kBlockRows];
  F64x8 most[kBlockRows];        ///< the largest score per lane
  F64x8 extra_most[kBlockRows];  ///< the largest extra_size per lane
  F64x8 extra_sum[kBlockRows];   ///< sum of weight times extra_size per lane
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
    work.simple = work.simple && row.extra == nullptr;
    first_all = max_of(first_all, row.first);
    last_all = min_of(last_all, row.last);
    if (row.first >= row.last) continue;
    first = min_of(first, row.first);
    last = max_of(last, row.last);
  }
  work.simple = work.simple && !(block.softcap > 0);
  if (first >= last) return;
  work.first_panel = first / kPanel;
  work.last_panel = panels(last);
  work.first_inner = panels(first_all);
  work.last_inner = max_of(work.first_inner, last_all / kPanel);
}

/// Fills in what is known of the rows before their scores are.
inline void prepare(const Block& block, const Scratch& scratch, Work& work) {
  const Keys& keys = *block.keys;
  place_work(block, scratch, work);
  if (block.softcap > 0) work.inverse_cap = 1 / block.softcap;
  find_panels(block, work);

  const double* rows[kPanel];
  for (std::int64_t r = 0; r < kPanel; ++r) {
    rows[r] = block.rows[min_of(r, block.num_rows - 1)].q;
  }
  double norm_q[kPanel];
  pack_panel(rows, keys.dim_qk, work.q, norm_q);

  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    const BlockRow& row = block.rows[r];
    RowFacts& facts = work.facts[r];
    facts = {.dim_qk = static_cast<double>(keys.dim_qk),
             .factor = __builtin_fabs(row.factor),
             .norm_q = norm_q[r],
             .softcap = block.softcap,
             .has_extra = row.extra != nullptr};
    if (row.first < row.last) {
      facts.keys = static_cast<double>(row.last - row.first);
      for (std::int64_t p = row.first / kPanel; p < panels(row.last); ++p) {
        facts.norm_k = larger_of(facts.norm_k, keys.panel_norm_k[p]);
      }
    }
    work.most[r] = splat(-kInfinity);
    work.extra_most[r] = work.extra_sum[r] = splat(0.0);
  }
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

/// Whether nothing the row adds up can overflow, so that what it sees is finite.
ATTEST_SIMD_INLINE bool evaluates(const RowFacts& facts) {
  const double dot = facts.norm_q * facts.norm_k;
  const bool cap = !(facts.softcap > 0) || (facts.softcap > 0x1p-990 && facts.softcap < kHuge);
  return dot < kHuge && dot * facts.factor < kHuge && facts.extra_most < kHuge && cap;
}

/// Sets row.max_t and row.finite from the largest scores. Returns whether the row is to be
/// evaluated: it sees something, and that cannot overflow.
inline bool settle_maximum(BlockRow& row, Work& work, std::int64_t r) {
  RowFacts& facts = work.facts[r];
  facts.extra_most = largest_lane(work.extra_most[r]);
  row.finite = evaluates(facts) && !(row.has_sink && !(__builtin_fabs(row.sink) < kHuge));
  const double most = row.finite ? largest_lane(work.most[r]) : -kInfinity;
  row.max_t = row.has_sink ? larger_of(most, row.sink) : most;
  facts.shift = __builtin_fabs(row.max_t);
  return most > -kInfinity;
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
