// Packing: rows of doubles into panels of kPanel neighbours, with their norms. Included by
// engine_impl.h.
#pragma once

#include "oracle/simd/engine.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// x[i] lane r = rows[r][at + i].
#if defined(ATTEST_SIMD_AVX512)
ATTEST_SIMD_INLINE void load_transposed(const double* const (&rows)[8], std::int64_t at,
                                        F64x8 (&x)[8]) {
  // Shuffles of the compiler: g++ 12 calls the operand that intrinsics leave undefined a use.
  __m512d a[8], b[8];
  for (int i = 0; i < 8; ++i) a[i] = _mm512_loadu_pd(rows[i] + at);
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  // b[2i + h]: lanes h, 2 + h, 4 + h, 6 + h of rows 2i and 2i + 1, pair by pair.
  for (int h = 0; h < 2; ++h) {
    for (int i = 0; i < 8; i += 4) {
      a[i + h] = __builtin_shufflevector(b[i + h], b[i + 2 + h], 0, 1, 4, 5, 8, 9, 12, 13);
      a[i + 2 + h] = __builtin_shufflevector(b[i + h], b[i + 2 + h], 2, 3, 6, 7, 10, 11, 14, 15);
    }
  }
  for (int h = 0; h < 4; ++h) {
    x[h].x = __builtin_shufflevector(a[h], a[4 + h], 0, 1, 4, 5, 8, 9, 12, 13);
    x[h + 4].x = __builtin_shufflevector(a[h], a[4 + h], 2, 3, 6, 7, 10, 11, 14, 15);
  }
}
#elif defined(ATTEST_SIMD_AVX2)
/// The same of four rows and four lanes.
ATTEST_SIMD_INLINE void load_transposed(const double* const* rows, std::int64_t at,
                                        __m256d (&x)[4]) {
  const __m256d a0 = _mm256_loadu_pd(rows[0] + at), a1 = _mm256_loadu_pd(rows[1] + at);
  const __m256d a2 = _mm256_loadu_pd(rows[2] + at), a3 = _mm256_loadu_pd(rows[3] + at);
  const __m256d b0 = _mm256_unpacklo_pd(a0, a1), b1 = _mm256_unpackhi_pd(a0, a1);
  const __m256d b2 = _mm256_unpacklo_pd(a2, a3), b3 = _mm256_unpackhi_pd(a2, a3);
  x[0] = _mm256_permute2f128_pd(b0, b2, 0x20);
  x[1] = _mm256_permute2f128_pd(b1, b3, 0x20);
  x[2] = _mm256_permute2f128_pd(b0, b2, 0x31);
  x[3] = _mm256_permute2f128_pd(b1, b3, 0x31);
}
ATTEST_SIMD_INLINE void load_transposed(const double* const (&rows)[8], std::int64_t at,
                                        F64x8 (&x)[8]) {
  for (int d = 0; d < 8; d += 4) {
    __m256d low[4], high[4];
    load_transposed(rows, at + d, low);
    load_transposed(rows + 4, at + d, high);
    for (int i = 0; i < 4; ++i) x[d + i] = {low[i], high[i]};
  }
}
#else
ATTEST_SIMD_INLINE void load_transposed(const double* const (&rows)[8], std::int64_t at,
                                        F64x8 (&x)[8]) {
  for (int i = 0; i < 8; ++i) {
    for (int r = 0; r < 8; ++r) x[i].x[r] = rows[r][at + i];
  }
}
#endif

/// Eight rows of `dim` doubles side by side, entry d of row r at out[d * stride + r]. Returns at
/// least the Euclidean norms of the rows.
ATTEST_SIMD_INLINE F64x8 pack_half(const double* const (&rows)[8], std::int64_t dim, double* out,
                                   std::int64_t stride) {
  // Four chains, because one would be all waiting.
  F64x8 sums[4];
  for (F64x8& sum : sums) sum = splat(0.0);
  std::int64_t d = 0;
  for (; d + 8 <= dim; d += 8) {
    F64x8 x[8];
    load_transposed(rows, d, x);
    for (int i = 0; i < 8; ++i) {
      store(out + (d + i) * stride, x[i]);
      sums[i % 4] = fma(x[i], x[i], sums[i % 4]);
    }
  }
  for (; d < dim; ++d) {
    double* to = out + d * stride;
    for (int i = 0; i < 8; ++i) to[i] = rows[i][d];
    sums[0] = fma(load(to), load(to), sums[0]);
  }
  // dim + 4 roundings at most, half of them under the root, and dim squares that underflow by
  // 2^-1075 each.
  const double count = static_cast<double>(dim);
  return fma(sqrt((sums[0] + sums[1]) + (sums[2] + sums[3])), splat(1 + (count + 4) * 0x1p-53),
             splat(count * 0x1p-537));
}

/// Where the last panel lacks keys, the half with some repeats the last one: finite, no longer than
/// its neighbours, and in nobody's range. A half without keys stays as it is.
inline void pack_k(const double* k, std::int64_t stride, Keys& keys) {
  const std::int64_t count = keys.count, dim = keys.dim_qk;
  for (std::int64_t panel = 0; panel < panels(count); ++panel) {
    double* const to = keys.k + panel * kPanel * dim;
    F64x8 most = splat(0.0);
    for (std::int64_t half = 0; half < kPanel; half += 8) {
      const std::int64_t first = panel * kPanel + half;
      F64x8 norm = splat(0.0);
      if (first < count) {
        const double* rows[8];
        for (std::int64_t i = 0; i < 8; ++i) {
          rows[i] = k + (first + i < count ? first + i : count - 1) * stride;
        }
        norm = pack_half(rows, dim, to + half, kPanel);
      }
      store(keys.norm_k + first, norm);
      most = larger(most, norm);
    }
    keys.panel_norm_k[panel] = largest_lane(most);
  }
}

/// `count` keys of one output panel. max_v: the largest magnitudes.
ATTEST_SIMD_INLINE void pack_v_panel(const double* from, std::int64_t stride, std::int64_t count,
                                     double* to, double* max_v) {
  F64x8 x_most = splat(0.0), y_most = splat(0.0);
  const double* const end = to + count * kPanel;
  for (; to != end; to += kPanel, from += stride) {
    const F64x8 x = load(from), y = load(from + 8);
    store(to, x);
    store(to + 8, y);
    x_most = larger(x_most, magnitude(x));
    y_most = larger(y_most, magnitude(y));
  }
  store(max_v, x_most);
  store(max_v + 8, y_most);
}

inline void pack_v(const double* v, std::int64_t stride, Keys& keys) {
  const std::int64_t count = keys.count, padded = panels(count) * kPanel, dim = keys.dim_v;
  double *to = keys.v, *max_v = keys.max_v;
  std::int64_t d = 0;
  for (; d + kPanel <= dim; d += kPanel) {
    pack_v_panel(v + d, stride, count, to, max_v + d);
    to += padded * kPanel;
  }
  if (d == dim) return;
  // The last panel lacks lanes: filled in first, then packed in place.
  for (std::int64_t j = 0; j < count; ++j) {
    for (std::int64_t i = 0; i < kPanel; ++i) {
      to[j * kPanel + i] = d + i < dim ? v[j * stride + d + i] : 0.0;
    }
  }
  pack_v_panel(to, kPanel, count, to, max_v + d);
}

inline void pack(const double* k, std::int64_t k_stride, const double* v, std::int64_t v_stride,
                 Keys& keys) {
  pack_k(k, k_stride, keys);
  pack_v(v, v_stride, keys);
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
