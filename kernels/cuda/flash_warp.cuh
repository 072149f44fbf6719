// What one warp of flash_prefill_mma.cuh does with a tile of keys: scores and weights in registers,
// in the layout of mma.m16n8k16, two fragments of rows for each of K and V, so that what comes out
// of shared memory is used twice.
#pragma once

#include <attest_ptx.h>
#include <cstdint>

#include "kernels/cuda/flash_prefill.cuh"
#include "kernels/cuda/mma_tiles.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kMmaTiles = 2;  ///< of 16 query rows, a warp
inline constexpr int kMmaWarpRows = kMmaTiles * 16;
inline constexpr int kMmaRows = kMmaThreads / kWarp * kMmaWarpRows;

template <typename E, int kDim>
struct MmaShared {
  MmaTile<E, kMmaRows, kDim> q;
  MmaTile<E, kMmaKeys, kDim> k;
  MmaTile<E, kMmaKeys, kDim> v;
};

/// Scores of a warp's rows against one tile of keys, then P. Elements 0 and 1 of a fragment are of
/// row lane / 4, 2 and 3 of the row 8 below.
struct MmaScores {
  static constexpr int kColumns = kMmaKeys / 8;  // of mma tiles
  float at[kMmaTiles][kColumns][4] = {};

  /// change(score, tile, half, column) of each; the column is the first lane's.
  template <typename Change>
  __device__ void each(Change&& change) {
#pragma unroll
    for (int tile = 0; tile < kMmaTiles; ++tile) {
#pragma unroll
      for (int column = 0; column < kColumns; ++column) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          change(at[tile][column][e], tile, e / 2, column * 8 + e % 2);
        }
      }
    }
  }
};

/// One warp: 32 query rows and what they have seen. Each thread has four rows, two of each mma
/// tile, and shares them with three neighbours.
template <typename T, int kDim>
class FlashWarp {
 public:
  using E = typename T::q;
  using Shared = MmaShared<E, kDim>;

  __device__ FlashWarp(const attest_attend& call, const FlashRows& rows, int head)
      : call_(call),
        rows_(rows),
        head_(head),
        lane_(threadIdx.x % kWarp),
        warp_row_(static_cast<int>(threadIdx.x) / kWarp * kMmaWarpRows),
        scorer_(call, rows.sequence, rows.first_row + row(0, 0), head),
        in_bits_(scorer_.only_scales()),
        scale_(scorer_.scale * kLog2E) {
    for (auto& tile : m_) tile[0] = tile[1] = -INFINITY;
  }

  /// Warps without a row only help to load.
  __device__ bool has_rows() const { return warp_row_ < rows_.num_rows; }
  /// Whether it has rows that are as far down as this key.
  __device__ bool meets(int key) const {
    const int last = min(warp_row_ + kMmaWarpRows, rows_.num_rows) - 1;
    return has_rows() &&
           (call_.causal == 0 || key <= rows_.sequence.position(rows_.first_row + last));
  }

  /// Q K^T.
  __device__ void multiply_keys(const Shared& shared, MmaScores& scores) const {
    constexpr int kPairs = MmaScores::kColumns / 2;
    std::uint32_t q[2][kMmaTiles][4];  // of this step over the lanes and of the next
    with_fragments<kDim / 16 * kPairs>(
        [&](int i, std::uint32_t(&k)[4]) {
          const int step = i / kPairs, column = i % kPairs * 2;
#pragma unroll
          for (int tile = 0; tile < kMmaTiles && column == 0; ++tile) {
            attest_ptx::ldmatrix_x4(
                q[step % 2][tile],
                &shared.q.row[warp_row_ + tile * 16 + lane_ % 16][step * 16 + lane_ / 16 * 8]);
          }
          attest_ptx::ldmatrix_x4(k, &shared.k.row[column * 8 + lane_ % 8 + lane_ / 16 * 8]
                                                  [step * 16 + lane_ / 8 % 2 * 8]);
        },
        [&](int i, const std::uint32_t(&k)[4]) {
          const int step = i / kPairs, column = i % kPairs * 2;
#pragma unroll
          for (int tile = 0; tile < kMmaTiles; ++tile) {
            auto& row = scores.at[tile];
            mma_pair(row[column], row[column + 1], q[step % 2][tile], k, E());
          }
        });
  }

  /// Scores of the keys from `key` on become weights; what was seen before is made less by as much.
  __device__ void weigh(int key, MmaScores& scores) {
    // What few calls need is done apart: it would not fit into the instruction cache with the rest.
    if (in_bits_) {
      scores.each([&](float& score, int, int, int) { score *= scale_; });
    } else {
      scores.each([&](float& score, int tile, int half, int column) {
        Scorer own = scorer_;
        own.position += row(tile, half) - row(0, 0);
        score = own(score, key + first_column() + column);
      });
    }
    if (!rows_.sees_all(call_, key, kMmaKeys)) {
      scores.each([&](float& score, int tile, int half, int column) {
        if (!rows_.sees(call_, row(tile, half), key + first_column() + column)) score = -INFINITY;
      });
    }
    float max[kMmaTiles][2];
    float base[kMmaTiles][2];  // of the exponentials; what is -inf weighs 0 whatever else is
    memcpy(max, m_, sizeof(max));
    scores.each([&](float score, int tile, int half, int) {
      max[tile][half] = fmaxf(max[tile][half], score);
    });
#pragma unroll
    for (int i = 0; i < kMmaTiles * 2; ++i) {
      const int tile = i / 2, half = i % 2;
      const float m = reduce_warp<Max, 4>(max[tile][half]);
      base[tile][half] = m == -INFINITY ? 0 : m;
      const float lag = m_[tile][half] - base[tile][half];
      const float factor = attest_ptx::ex2(in_bits_ ? lag : lag * kLog2E);
      m_[tile][half] = m;
      l_[tile][half] *= factor;
#pragma unroll
      for (int column = 0; column < kOutColumns; ++column) {
        out_[tile][column][half * 2] *= factor;
        out_[tile][column][half * 2 + 1] *= factor;
      }
    }
    const auto become_weights = [&](float unit) {
      scores.each([&](float& score, int tile, int half, int) {
        score = attest_ptx::ex2((score - base[tile][half]) * unit);
        l_[tile][half] += score;
      });
    };
    if (in_bits_) {
      become_weights(1);
    } else {
      become_weights(kLog2E);
    }
  }

  /// P V.
  __device__ void multiply_values(const Shared& shared, const MmaScores& weights) {
    std::uint32_t p[kMmaTiles][kMmaKeys / 16][4];
#pragma unroll
    for (int tile = 0; tile < kMmaTiles; ++tile) {
#pragma unroll
      for (int step = 0; step < kMmaKeys / 16; ++step) {
        const float(&low)[4] = weights.at[tile][step * 2];
        const float(&high)[4] = weights.at[tile][step * 2 + 1];
        p[tile][step][0] = packed<E>(low[0], low[1]);
        p[tile][step][1] = packed<E>(low[2], low[3]);
        p[tile][step][2] = packed<E>(high[0], high[1]);
        p[tile][step][3] = packed<E>(high[2], high[3]);
      }
    }
    constexpr int kPairs = kOutColumns / 2;
    with_fragments<kMmaKeys / 16 * kPairs>(
        [&](int i, std::uint32_t(&v)[4]) {
          const int step = i / kPairs, column = i % kPairs * 2;
          attest_ptx::ldmatrix_x4_transposed(
              v, &shared.v.row[step * 16 + lane_ % 16][column * 8 + lane_ / 16 * 8]);
        },
        [&](int i, const std::uint32_t(&v)[4]) {
          const int step = i / kPairs, column = i % kPairs * 2;
#pragma unroll
          for (int tile = 0; tile < kMmaTiles; ++tile) {
            mma_pair(out_[tile][column], out_[tile][column + 1], p[tile][step], v, E());
          }
        });
  }

  __device__ void store() const {
    // In double: a score's last bit is as much of lse as it was of the score.
    const double unit = in_bits_ && scale_ != 0 ? static_cast<double>(scorer_.scale) / scale_ : 1;
#pragma unroll
    for (int i = 0; i < kMmaTiles * 2; ++i) {
      const int tile = i / 2, half = i % 2;
      const float l = reduce_warp<Sum, 4>(l_[tile][half]);
      if (row(tile, half) >= rows_.num_rows) continue;
      const std::int64_t out_row = rows_.sequence.first_row + rows_.first_row + row(tile, half);
      const auto o = lanes<typename T::o>(call_.o, out_row, head_);
      const float factor = l == 0 ? 0 : scaled_output(call_, rows_.sequence.index, head_, 1 / l);
#pragma unroll
      for (int column = 0; column < kOutColumns; ++column) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          const int to = column * 8 + first_column() + e;
          if (to < call_.head_dim_v)
            o[to] = from_float<typename T::o>(out_[tile][column][half * 2 + e] * factor);
        }
      }
      if (first_column() == 0 && call_.lse.data != nullptr) {
        const auto m = static_cast<float>(m_[tile][half] * unit);
        element(call_.lse, out_row, head_) = l == 0 ? -INFINITY : m + logf(l);
      }
    }
  }

 private:
  static constexpr float kLog2E = 1.44269504f;
  static constexpr int kOutColumns = kDim / 8;  // of mma tiles over the lanes of v

  __device__ int row(int tile, int half) const {
    return warp_row_ + tile * 16 + half * 8 + lane_ / 4;
  }
  /// Of every 8, this thread has this one and the next.
  __device__ int first_column() const { return lane_ % 4 * 2; }

  const attest_attend& call_;
  const FlashRows& rows_;
  int head_;
  int lane_;
  int warp_row_;
  Scorer scorer_;
  bool in_bits_;  ///< scores are log2 of weights where they are nothing but scaled, else log
  float scale_;   ///< of scores in bits
  float m_[kMmaTiles][2];
  float l_[kMmaTiles][2] = {};  ///< this thread's part
  float out_[kMmaTiles][kOutColumns][4] = {};
};

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
