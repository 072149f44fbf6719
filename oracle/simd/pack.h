// Packing: rows of doubles into panels of kPanel neighbours, with their norms. Included by
// engine_impl.h.
#pragma once

#include "oracle/simd/engine.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// out[i] of row r = in[r] of row i, 8 x 8.
#if defined(ATTEST_SIMD_AVX512)
ATTEST_SIMD_INLINE void transpose(const double* const (&rows)[8], std::int64_t at, double* out,
                                  std::int64_t out_stride) {
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
    const __m512d low = __builtin_shufflevector(a[h], a[4 + h], 0, 1, 4, 5, 8, 9, 12, 13);
    const __m512d high = __builtin_shufflevector(a[h], a[4 + h], 2, 3, 6, 7, 10, 11, 14, 15);
    _mm512_storeu_pd(out + h * out_stride, low);
    _mm512_storeu_pd(out + (h + 4) * out_stride, high);
  }
}
#elif defined(ATTEST_SIMD_AVX2)
ATTEST_SIMD_INLINE void transpose(const double* const (&rows)[8], std::int64_t at, double* out,
                                  std::int64_t out_stride) {
  for (int i = 0; i < 8; i += 4) {
    for (int d = 0; d < 8; d += 4) {
      const __m256d a0 = _mm256_loadu_pd(rows[i] + at + d);
      const __m256d a1 = _mm256_loadu_pd(rows[i + 1] + at + d);
      const __m256d a2 = _mm256_loadu_pd(rows[i + 2] + at + d);
      const __m256d a3 = _mm256_loadu_pd(rows[i + 3] + at + d);
      const __m256d b0 = _mm256_unpacklo_pd(a0, a1), b1 = _mm256_unpackhi_pd(a0, a1);
      const __m256d b2 = _mm256_unpacklo_pd(a2, a3), b3 = _mm256_unpackhi_pd(a2, a3);
      double* to = out + d * out_stride + i;
      _mm256_storeu_pd(to, _mm256_permute2f128_pd(b0, b2, 0x20));
      _mm256_storeu_pd(to + out_stride, _mm256_permute2f128_pd(b1, b3, 0x20));
      _mm256_storeu_pd(to + 2 * out_stride, _mm256_permute2f128_pd(b0, b2, 0x31));
      _mm256_storeu_pd(to + 3 * out_stride, _mm256_permute2f128_pd(b1, b3, 0x31));
    }
  }
}
#else
ATTEST_SIMD_INLINE void transpose(const double* const (&rows)[8], std::int64_t at, double* out,
                                  std::int64_t out_stride) {
  for (int i = 0; i < 8; ++i) {
    for (int d = 0; d < 8; ++d) out[d * out_stride + i] = rows[i][at + d];
  }
}
#endif

/// Rows of `dim` doubles into [dim, kPanel]. norm[i]: at least the Euclidean norm of row i.
inline void pack_panel(const double* const (&rows)[kPanel], std::int64_t dim, double* out,
                       double* norm) {
  for (std::int64_t half = 0; half < kPanel; half += 8) {
    const double* const(&here)[8] = *reinterpret_cast<const double* const(*)[8]>(rows + half);
    double* to = out + half;
    std::int64_t d = 0;
    for (; d + 8 <= dim; d += 8) transpose(here, d, to + d * kPanel, kPanel);
    for (; d < dim; ++d) {
      for (int i = 0; i < 8; ++i) to[d * kPanel + i] = here[i][d];
    }
    F64x8 sum = splat(0.0);
    for (d = 0; d < dim; ++d) {
      const F64x8 x = load(to + d * kPanel);
      sum = fma(x, x, sum);
    }
    // dim + 2 roundings at most, half of them under the root, and dim squares that underflow by
    // 2^-1075 each.
    const double count = static_cast<double>(dim);
    store(norm + half, fma(sqrt(sum), splat(1 + (count + 4) * 0x1p-53), splat(count * 0x1p-537)));
  }
}

/// Where the last panel lacks keys, it repeats the last one: finite, no longer than its neighbours,
/// and in nobody's range.
inline void pack_k(const double* k, std::int64_t stride, Keys& keys) {
  for (std::int64_t panel = 0; panel < panels(keys.count); ++panel) {
    const double* rows[kPanel];
    for (std::int64_t i = 0; i < kPanel; ++i) {
      const std::int64_t j = panel * kPanel + i;
      rows[i] = k + (j < keys.count ? j : keys.count - 1) * stride;
    }
    double* norm = keys.norm_k + panel * kPanel;
    pack_panel(rows, keys.dim_qk, keys.k + panel * kPanel * keys.dim_qk, norm);
    keys.panel_norm_k[panel] = largest_lane(larger(load(norm), load(norm + 8)));
  }
}

/// Output panel `c`, which has all its lanes.
inline void pack_v_panel(const double* v, std::int64_t stride, std::int64_t c, Keys& keys) {
  double* to = keys.v + c * panels(keys.count) * kPanel * kPanel;
  F64x8 most[2] = {splat(0.0), splat(0.0)};
  for (std::int64_t j = 0; j < keys.count; ++j, to += kPanel) {
    const double* from = v + j * stride + c * kPanel;
    for (int h = 0; h < 2; ++h) {
      const F64x8 x = load(from + 8 * h);
      store(to + 8 * h, x);
      most[h] = larger(most[h], magnitude(x));
    }
  }
  for (int h = 0; h < 2; ++h) store(keys.max_v + c * kPanel + 8 * h, most[h]);
}

/// Output panel `c`, the last one, which lacks lanes.
inline void pack_v_rest(const double* v, std::int64_t stride, std::int64_t c, Keys& keys) {
  double* to = keys.v + c * panels(keys.count) * kPanel * kPanel;
  double* most = keys.max_v + c * kPanel;
  const std::int64_t lanes = keys.dim_v - c * kPanel;
  for (std::int64_t i = 0; i < kPanel; ++i) most[i] = 0;
  for (std::int64_t j = 0; j < keys.count; ++j, to += kPanel) {
    for (std::int64_t i = 0; i < kPanel; ++i) {
      to[i] = i < lanes ? v[j * stride + c * kPanel + i] : 0.0;
      const double size = __builtin_fabs(to[i]);
      most[i] = size > most[i] ? size : most[i];
    }
  }
}

inline void pack_v(const double* v, std::int64_t stride, Keys& keys) {
  const std::int64_t padded = panels(keys.count) * kPanel;
  for (std::int64_t c = 0; c < panels(keys.dim_v); ++c) {
    if ((c + 1) * kPanel <= keys.dim_v) {
      pack_v_panel(v, stride, c, keys);
    } else {
      pack_v_rest(v, stride, c, keys);
    }
    double* rest = keys.v + (c * padded + keys.count) * kPanel;
    for (std::int64_t i = 0; i < (padded - keys.count) * kPanel; i += 8) store(rest + i, splat(0.0));
  }
}

inline void pack(const double* k, std::int64_t k_stride, const double* v, std::int64_t v_stride,
                 Keys& keys) {
  pack_k(k, k_stride, keys);
  pack_v(v, v_stride, keys);
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
