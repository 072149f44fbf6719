// Tiles of 16-bit elements on their way from global memory to the registers of mma.m16n8k16, for
// 128 threads: asynchronous copies into padded rows of shared memory, and fragments out of them.
#pragma once

#include <attest_ptx.h>
#include <cstdint>

#include "kernels/cuda/elements.cuh"
#include "kernels/cuda/kv_rows.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kMmaThreads = 128;
inline constexpr int kMmaKeys = 64;  ///< of a tile
inline constexpr int kVector = 8;    ///< elements in 16 bytes

/// A tile in shared memory; rows are padded, so that ldmatrix reads them from different banks.
template <typename E, int kRows, int kDim>
struct alignas(16) MmaTile {
  E row[kRows][kDim + kVector];
};

/// Copies rows of a tile: `source(j)` gives the lanes of row j, for j < num_rows; there is one. The
/// rest of the tile becomes 0. Has to be waited for.
template <bool kVectors, typename E, int kRows, int kDim, typename Source>
__device__ inline void load_rows(MmaTile<E, kRows, kDim>& tile, int num_rows, int head_dim,
                                 Source&& source) {
  constexpr int kRowThreads = kDim / kVector;
  constexpr int kStep = kMmaThreads / kRowThreads;  // rows at once
  const int lane = threadIdx.x % kRowThreads * kVector;
  const bool has_lanes = lane < head_dim;
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
    const int j = i * kStep + static_cast<int>(threadIdx.x) / kRowThreads;
    E* const to = &tile.row[j][lane];
    if constexpr (kVectors) {
      // Of what is not there nothing is copied, from an address that is.
      const auto row = source(min(j, num_rows - 1));
      attest_ptx::cp_async_16_zfill(to, &row[has_lanes ? lane : 0],
                                    has_lanes && j < num_rows ? 16 : 0);
    } else {
#pragma unroll 1
      for (int e = 0; e < kVector; ++e) {
        const bool there = j < num_rows && lane + e < head_dim;
        to[e] = there ? source(j)[lane + e] : from_float<E>(0);
      }
    }
  }
  attest_ptx::cp_async_commit();
}

/// As load_rows(), in vectors, for rows that lie evenly: row j begins at first[j * stride]. Each
/// thread walks down its column of the tile.
template <typename E, int kRows, int kDim>
__device__ inline void load_even_rows(MmaTile<E, kRows, kDim>& tile, int num_rows, int head_dim,
                                      const E* first, std::int64_t stride) {
  constexpr int kRowThreads = kDim / kVector;
  constexpr int kStep = kMmaThreads / kRowThreads;
  const int lane = threadIdx.x % kRowThreads * kVector;
  const int top = static_cast<int>(threadIdx.x) / kRowThreads;
  // Rows and lanes that there are; of others nothing is copied, from an address that is one.
  const int rows = lane < head_dim ? num_rows : 0;
  const E* from = first;
  if (top < rows) from += top * stride + lane;
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
    const int j = top + i * kStep;
    if (i > 0 && j < rows) from += kStep * stride;
    attest_ptx::cp_async_16_zfill(&tile.row[j][lane], from, j < rows ? 16 : 0);
  }
  attest_ptx::cp_async_commit();
}

/// The tile of keys or values from `key` on. Where rows lie evenly their addresses cost little;
/// with a page to look up for each, several times as much, so that this is decided once.
template <bool kVectors, typename E, int kDim>
__device__ inline void load_tile(MmaTile<E, kMmaKeys, kDim>& tile, const KvRows<E, kVectors>& rows,
                                 int key, int kv_len, int head_dim) {
  const int num_rows = kv_len - key;
  if (rows.paged()) {
    load_rows<kVectors>(tile, num_rows, head_dim, [&](int j) { return rows.in_page(key + j); });
  } else if constexpr (kVectors) {
    load_even_rows(tile, num_rows, head_dim, rows.even(key).data, rows.token_stride());
  } else {
    load_rows<false>(tile, num_rows, head_dim, [&](int j) { return rows.even(key + j); });
  }
}

/// Two values, rounded, as one register of a fragment.
template <typename E>
__device__ inline std::uint32_t packed(float low, float high) {
  const E pair[2] = {from_float<E>(low), from_float<E>(high)};
  std::uint32_t bits;
  memcpy(&bits, pair, sizeof(bits));
  return bits;
}

/// c0 += a b0, c1 += a b1, for two neighbouring tiles of columns that one ldmatrix_x4 brought.
template <typename E>
__device__ inline void mma_pair(float (&c0)[4], float (&c1)[4], const std::uint32_t (&a)[4],
                                const std::uint32_t (&b)[4], E) {
  const std::uint32_t b0[2] = {b[0], b[1]};
  const std::uint32_t b1[2] = {b[2], b[3]};
  attest_ptx::mma_m16n8k16(c0, a, b0, c0, E());
  attest_ptx::mma_m16n8k16(c1, a, b1, c1, E());
}

/// use(i, fragment) for i = 0 to kCount - 1, with what load(i, fragment) brought. Loads run a few
/// ahead of their use: a product that waits for shared memory is what a tile would spend most of
/// its time on.
template <int kCount, typename Load, typename Use>
__device__ inline void with_fragments(Load&& load, Use&& use) {
  constexpr int kAhead = 2;
  std::uint32_t fragments[kAhead + 1][4];
#pragma unroll
  for (int i = 0; i < kAhead; ++i) load(i, fragments[i]);
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    if (i + kAhead < kCount) load(i + kAhead, fragments[(i + kAhead) % (kAhead + 1)]);
    use(i, fragments[i % (kAhead + 1)]);
  }
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
