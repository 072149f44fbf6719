// Packing for the bounds, and the first look at the scores of a row: their sizes and extremes.
// Included by bound_pass_impl.h.
#pragma once

#include "oracle/simd/bound_pass.h"
#include "oracle/simd/bound_vectors.h"
#include "oracle/simd/micro_kernels.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// kSquares: norm_squares and abs_k, too.
template <bool kSquares>
void pack_keys(BoundKeys& to) {
  const Keys& keys = *to.keys;
  for (std::int64_t p = 0; p < panels(keys.count); ++p) {
    for (std::int64_t h = 0; h < kPanel; h += 8) {
      const double* k = keys.k + p * keys.dim_qk * kPanel + h;
      const bool packed = p * kPanel + h < keys.count;
      F64x8 sum = splat(0.0), fourth = splat(0.0), most = splat(0.0);
      for (std::int64_t d = 0; d < keys.dim_qk; ++d, k += kPanel) {
        const F64x8 size = packed ? magnitude(load(k)) : splat(0.0);
        sum += size;
        most = larger(size, most);
        if constexpr (kSquares) {
          const F64x8 square = size * size;
          fourth = fma(square, square, fourth);
          if (to.abs_k != nullptr) {
            store_rounded(to.abs_k + (p * keys.dim_qk + d) * kPanel + h, raised(size));
          }
        }
      }
      const std::int64_t at = p * kPanel + h;
      store_rounded(to.norm1 + at, raised(sum));
      store_rounded(to.norm2 + at, raised(load(keys.norm_k + at)));
      store_rounded(to.norm_max + at, raised(most));
      if constexpr (kSquares) store_rounded(to.norm_squares + at, raised(sqrt(fourth)));
    }
  }
}

inline bool pack_bounds(BoundKeys& to) {
  const Keys& keys = *to.keys;
  if (to.squares) {
    pack_keys<true>(to);
  } else {
    pack_keys<false>(to);
  }
  F64x8 lost = splat(0);
  for (std::int64_t c = 0; c < panels(keys.dim_v); ++c) {
    const std::int64_t first = c * panels(keys.count) * kPanel * kPanel;
    for (std::int64_t i = first; i < first + keys.count * kPanel; i += 8) {
      const F64x8 v = load(keys.v + i);
      store_rounded(to.v + i, v);
      lost = larger(magnitude(v - load_widened(to.v + i)), lost);
    }
  }
  return largest_lane(lost) == 0;
}

/// Norms of |q|, each times the magnitude of the row's factor.
struct QueryNorms {
  float norm1, norm2, norm_max, norm_squares;
};

inline QueryNorms norms_of(const BlockRow& row, std::int64_t dim, double& sum_abs_q) {
  F64x8 sum = splat(0), squares = splat(0), fourth = splat(0), most = splat(0);
  for (std::int64_t d = 0; d < dim; d += 8) {
    const F64x8 size = magnitude(load_some(row.q, d, dim));
    const F64x8 square = size * size;
    sum += size;
    squares += square;
    fourth = fma(square, square, fourth);
    most = larger(size, most);
  }
  sum_abs_q = sum_lanes(sum);
  const double factor = __builtin_fabs(row.factor) * (1 + 0x1p-22);
  return {static_cast<float>(sum_abs_q * factor),
          static_cast<float>(__builtin_sqrt(sum_lanes(squares)) * factor),
          static_cast<float>(largest_lane(most) * factor),
          static_cast<float>(__builtin_sqrt(sum_lanes(fourth)) * factor * factor)};
}

/// sum_d |q_d k_jd| of kRows rows with kPanels panels, into work.size; not yet times the factor.
template <int kRows, int kPanels>
void add_sizes(const BoundKeys& keys, std::int64_t panel, std::int64_t r, const BoundWork& work) {
  const std::int64_t dim = keys.keys->dim_qk;
  F32x16 sums[kPanels][kRows];
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) sums[p][i] = splat16(0);
  }
  const float* k = keys.abs_k + panel * dim * kPanel;
  const float* q = work.q + r;
  for (std::int64_t d = 0; d < dim; ++d, k += kPanel, q += kBlockRows) {
    F32x16 sizes[kPanels];
    ATTEST_SIMD_UNROLL
    for (int p = 0; p < kPanels; ++p) sizes[p] = load16(k + p * dim * kPanel);
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const F32x16 x = splat16(q[i]);
      ATTEST_SIMD_UNROLL
      for (int p = 0; p < kPanels; ++p) sums[p][i] = fma(x, sizes[p], sums[p][i]);
    }
  }
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      store(work.size + panel_entry(r + i, (panel + p) * kPanel), sums[p][i]);
    }
  }
}

template <int kPanels>
void add_sizes_of_rows(const Block& block, const BoundKeys& keys, std::int64_t panel,
                       const BoundWork& work) {
  std::int64_t r = 0;
  for (; r + 12 <= block.num_rows; r += 12) add_sizes<12, kPanels>(keys, panel, r, work);
  for (; r + 4 <= block.num_rows; r += 4) add_sizes<4, kPanels>(keys, panel, r, work);
  for (; r < block.num_rows; ++r) add_sizes<1, kPanels>(keys, panel, r, work);
}

inline void add_exact_sizes(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                            const BoundWork& work) {
  for (std::int64_t r = 0; r < kBlockRows; ++r) {
    for (std::int64_t d = 0; d < keys.keys->dim_qk; ++d) {
      const double q = r < block.num_rows ? block.rows[r].q[d] : 0;
      work.q[d * kBlockRows + r] = static_cast<float>(__builtin_fabs(q) * (1 + 0x1p-22));
    }
  }
  std::int64_t p = scratch.first_panel;
  for (; p + 2 <= scratch.last_panel; p += 2) add_sizes_of_rows<2>(block, keys, p, work);
  if (p < scratch.last_panel) add_sizes_of_rows<1>(block, keys, p, work);
}

/// 1 for keys the row sees, 0 for others, by its range alone.
inline F32x16 in_range(const BlockRow& row, std::int64_t panel) {
  alignas(64) static constexpr float kIndex[kPanel] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                       8, 9, 10, 11, 12, 13, 14, 15};
  // Ends of the range in this panel: small numbers, exact as floats.
  const auto end_of = [&](std::int64_t key) {
    const std::int64_t end = key - panel * kPanel;
    return splat16(static_cast<float>(end < 0 ? 0 : end < kPanel ? end : kPanel));
  };
  const F32x16 index = load16(kIndex), zero = splat16(0);
  return select_less(index, end_of(row.last),
                     select_less(index, end_of(row.first), zero, splat16(1)), zero);
}

/// extra_size of the keys of a panel.
inline F32x16 extra_of(const BlockRow& row, std::int64_t panel, std::int64_t count) {
  if ((panel + 1) * kPanel <= count) {
    const double* const size = row.extra_size + panel * kPanel;
    return rounded(load(size), load(size + 8));
  }
  float extra[16];
  for (std::int64_t i = 0; i < kPanel; ++i) {
    const std::int64_t j = panel * kPanel + i;
    extra[i] = j < count ? static_cast<float>(row.extra_size[j]) : 0;
  }
  return load16(extra);
}

/// Sums and largest values over the keys of a row.
struct Survey {
  F32x16 count, max_t, min_t, max_abs_s, max_size, max_extra, max_k;
};

/// One panel. `kPlain`: every key is visible and its score is the dot product.
template <bool kPlain, bool kExact>
ATTEST_SIMD_INLINE void survey_panel(const Block& block, const Scratch& scratch,
                                     const BoundKeys& keys, const QueryNorms& norms, F32x16 factor,
                                     std::int64_t r, std::int64_t p, const BoundWork& work,
                                     Survey& to) {
  const F32x16 zero = splat16(0), hidden = splat16(-__builtin_huge_valf());
  const std::int64_t entry = panel_entry(r, p * kPanel), at = p * kPanel;
  const F32x16 dot = load16(scratch.dots + entry);
  const F32x16 norm1 = load16(keys.norm1 + at);
  F32x16 abs_s = magnitude(dot);
  F32x16 size;
  if constexpr (kExact) {
    size = load16(work.size + entry) * factor;
  } else {
    size = smaller(splat16(norms.norm2) * load16(keys.norm2 + at),
                   smaller(splat16(norms.norm1) * load16(keys.norm_max + at),
                           splat16(norms.norm_max) * norm1));
  }
  size = larger(size, abs_s);
  if constexpr (kPlain) {
    to.max_k = larger(norm1, to.max_k);
    to.max_t = larger(dot, to.max_t);
    to.min_t = smaller(dot, to.min_t);
  } else {
    const BlockRow& row = block.rows[r];
    F32x16 t = scratch.scores != nullptr ? load16(scratch.scores + entry) : dot;
    t = select_less(zero, in_range(row, p), t, hidden);
    const F32x16 seen = select_less(hidden, t, splat16(1), zero);
    size = size * seen;
    abs_s = abs_s * seen;
    if (row.extra != nullptr) {
      to.max_extra = larger(extra_of(row, p, keys.keys->count) * seen, to.max_extra);
    }
    to.count += seen;
    to.max_k = larger(norm1 * seen, to.max_k);
    to.max_t = larger(t, to.max_t);
    to.min_t = smaller(select_less(zero, seen, t, splat16(__builtin_huge_valf())), to.min_t);
    store(work.t + entry, t);
  }
  to.max_abs_s = larger(abs_s, to.max_abs_s);
  to.max_size = larger(size, to.max_size);
  store(work.size + entry, size);
  if (work.declared) {  // for records
    const F32x16 t = load16(work.t + entry);
    work.panel_most[p * kBlockRows + r] = largest_of(t);
  }
}

template <bool kExact>
void survey_row(const Block& block, const Scratch& scratch, const BoundKeys& keys, std::int64_t r,
                BoundWork& work) {
  const BlockRow& row = block.rows[r];
  BoundRow& to = work.rows[r];
  const QueryNorms norms = norms_of(row, keys.keys->dim_qk, to.sum_abs_q);
  to.norm_squares = norms.norm_squares;
  const F32x16 factor = splat16(static_cast<float>(__builtin_fabs(row.factor) * (1 + 0x1p-22)));
  const F32x16 zero = splat16(0), infinite = splat16(__builtin_huge_valf());
  Survey found{zero, zero - infinite, infinite, zero, zero, zero, zero};
  const bool plain = row.extra == nullptr && scratch.scores == nullptr;
  std::int64_t inner = 0;
  for (std::int64_t p = scratch.first_panel; p < scratch.last_panel; ++p) {
    if (plain && p * kPanel >= row.first && (p + 1) * kPanel <= row.last) {
      survey_panel<true, kExact>(block, scratch, keys, norms, factor, r, p, work, found);
      ++inner;
    } else {
      survey_panel<false, kExact>(block, scratch, keys, norms, factor, r, p, work, found);
    }
  }
  to.count = sum_lanes(found.count) + static_cast<double>(inner * kPanel);
  to.max_t = largest_of(found.max_t);
  to.min_t = -largest_of(zero - found.min_t);
  to.max_abs_t =
      to.count > 0 ? __builtin_fmax(__builtin_fabs(to.max_t), __builtin_fabs(to.min_t)) : 0;
  to.max_abs_s = largest_of(found.max_abs_s);
  to.max_size = largest_of(found.max_size);
  to.max_extra = largest_of(found.max_extra);
  to.sum_abs_k = largest_of(found.max_k);
}

inline void survey(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                   BoundWork& work) {
  // Scores that are dot products stay where they are, but for hidden keys.
  work.t = scratch.scores != nullptr ? scratch.scores : scratch.dots;
  if (keys.abs_k != nullptr) add_exact_sizes(block, scratch, keys, work);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (keys.abs_k != nullptr) {
      survey_row<true>(block, scratch, keys, r, work);
    } else {
      survey_row<false>(block, scratch, keys, r, work);
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
