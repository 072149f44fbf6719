// Flash prefill on tensor cores, in the shape of FlashAttention 2: a block takes 64 query rows of a
// head past tiles of 64 keys, 16 rows a warp. Scores, P and the outputs stay in registers, in the
// layout of mma.m16n8k16; K and V come to shared memory by asynchronous copies, the next K while P
// meets V. Ragged batches, paged or not, windows, softcap, ALiBi, any head size up to 128. Tensors
// whose rows are no 16-byte vectors are copied element by element.
// Source: Dao 2023; flash-attention csrc/flash_attn/src/flash_fwd_kernel.h.
#pragma once

#include <attest_ptx.h>
#include <cstddef>

#include "kernels/cuda/flash_prefill.cuh"
#include "kernels/cuda/kv_rows.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kMmaRows = 64;
inline constexpr int kMmaKeys = 64;
inline constexpr int kMmaThreads = 128;
inline constexpr int kVector = 8;  ///< elements in 16 bytes

template <typename T>
constexpr attest_capabilities flash_mma_capabilities() {
  attest_capabilities capabilities = flash_prefill_capabilities<T>();
  capabilities.layouts &= ~ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kFlashMmaCapabilities = flash_mma_capabilities<T>();

/// A tile in shared memory; rows are padded, so that ldmatrix reads them from different banks.
template <typename E, int kDim>
struct alignas(16) MmaTile {
  E row[kMmaKeys][kDim + kVector];
};

/// Copies rows of a tile: `source(j)` gives the lanes of row j, for j < num_rows; there is one. The
/// rest of the tile becomes 0. Has to be waited for.
template <bool kVectors, int kDim, typename E, typename Source>
__device__ inline void load_rows(MmaTile<E, kDim>& tile, int num_rows, int head_dim,
                                 Source&& source) {
  constexpr int kRowThreads = kDim / kVector;
  constexpr int kStep = kMmaThreads / kRowThreads;  // rows at once
  const int lane = threadIdx.x % kRowThreads * kVector;
  const bool has_lanes = lane < head_dim;
#pragma unroll
  for (int i = 0; i < kMmaKeys / kStep; ++i) {
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

/// The tile of keys or values from `key` on. Where rows lie evenly their addresses cost little;
/// with a page to look up for each, several times as much, so that this is decided once.
template <bool kVectors, int kDim, typename E>
__device__ inline void load_tile(MmaTile<E, kDim>& tile, const KvRows<E, kVectors>& rows, int key,
                                 int kv_len, int head_dim) {
  if (rows.paged()) {
    load_rows<kVectors>(tile, kv_len - key, head_dim, [&](int j) { return rows.in_page(key + j); });
  } else {
    load_rows<kVectors>(tile, kv_len - key, head_dim, [&](int j) { return rows.even(key + j); });
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
  constexpr int kAhead = 3;
  std::uint32_t fragments[kAhead + 1][4];
#pragma unroll
  for (int i = 0; i < kAhead; ++i) load(i, fragments[i]);
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    if (i + kAhead < kCount) load(i + kAhead, fragments[(i + kAhead) % (kAhead + 1)]);
    use(i, fragments[i % (kAhead + 1)]);
  }
}

/// The running softmax of a thread's two rows.
struct MmaRows {
  float m[2] = {-INFINITY, -INFINITY};
  float l[2] = {0, 0};  ///< this thread's part
};

/// Grid: (tiles of rows, num_q_heads, batch).
template <typename T, int kDim, bool kVectors>
__global__ void __launch_bounds__(kMmaThreads)
    flash_mma_kernel(const __grid_constant__ attest_attend call) {
  using E = typename T::q;
  __shared__ MmaTile<E, kDim> k_tile;
  __shared__ MmaTile<E, kDim> v_tile;
  constexpr int kSteps = kDim / 16;       // of mma over the lanes of q and k
  constexpr int kColumns = kMmaKeys / 8;  // of mma tiles over keys
  constexpr int kLaneTiles = kDim / 8;    // of mma tiles over the lanes of v
  const int tile_index = static_cast<int>(gridDim.x - 1 - blockIdx.x);  // longest rows first
  const int first_row = tile_index * kMmaRows;
  if (first_row >= sequence_at(call, blockIdx.z).q_len) return;
  const FlashRows rows(call, blockIdx.z, first_row, kMmaRows, kMmaKeys);
  const Sequence& sequence = rows.sequence;
  const int head = blockIdx.y;
  const int kv_head = kv_head_of(call, head);
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  const int group = lane / 4;   // row of a fragment
  const int member = lane % 4;  // pair of columns

  const KvRows<E, kVectors> keys(call, call.k, sequence.index, kv_head);
  const KvRows<E, kVectors> values(call, call.v, sequence.index, kv_head);
  const auto load_k = [&](int key) {
    load_tile(k_tile, keys, key, sequence.kv_len, call.head_dim_qk);
  };
  const auto load_v = [&](int key) {
    load_tile(v_tile, values, key, sequence.kv_len, call.head_dim_v);
  };

  // Q goes through the memory of V into registers.
  load_rows<kVectors>(v_tile, rows.num_rows, call.head_dim_qk, [&](int j) {
    return lanes<const E>(call.q, sequence.first_row + first_row + j, head);
  });
  attest_ptx::cp_async_wait<0>();
  __syncthreads();
  std::uint32_t q[kSteps][4];
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    attest_ptx::ldmatrix_x4(q[step], &v_tile.row[warp * 16 + lane % 16][step * 16 + lane / 16 * 8]);
  }
  __syncthreads();

  const Scorer scorers[2] = {Scorer(call, sequence, first_row + warp * 16 + group, head),
                             Scorer(call, sequence, first_row + warp * 16 + group + 8, head)};
  MmaRows state;
  float out[kLaneTiles][4] = {};
  if (rows.begin_key < rows.end_key) load_k(rows.begin_key);
  for (int key = rows.begin_key; key < rows.end_key; key += kMmaKeys) {
    load_v(key);
    attest_ptx::cp_async_wait<1>();
    __syncthreads();  // K is there

    float scores[kColumns][4] = {};
    constexpr int kColumnPairs = kColumns / 2;
    with_fragments<kSteps * kColumnPairs>(
        [&](int i, std::uint32_t(&k)[4]) {
          const int step = i / kColumnPairs, column = i % kColumnPairs * 2;
          attest_ptx::ldmatrix_x4(
              k, &k_tile.row[column * 8 + lane % 8 + lane / 16 * 8][step * 16 + lane / 8 % 2 * 8]);
        },
        [&](int i, const std::uint32_t(&k)[4]) {
          const int step = i / kColumnPairs, column = i % kColumnPairs * 2;
          mma_pair(scores[column], scores[column + 1], q[step], k, E());
        });
    __syncthreads();  // K was read
    if (key + kMmaKeys < rows.end_key) {
      load_k(key + kMmaKeys);
    } else {
      attest_ptx::cp_async_commit();  // as many groups as ever: V's is the last but one
    }

    // Elements 0 and 1 of a fragment are of row `group`, 2 and 3 of the row 8 below. What few calls
    // need is done apart: unrolled, it would not fit into the instruction cache with the rest.
    const auto each_score = [&](auto&& change) {
#pragma unroll
      for (int column = 0; column < kColumns; ++column) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          change(scores[column][e], e / 2, key + column * 8 + member * 2 + e % 2);
        }
      }
    };
    if (scorers[0].only_scales()) {
      each_score([&](float& score, int half, int) { score *= scorers[half].scale; });
    } else {
      each_score([&](float& score, int half, int at) { score = scorers[half](score, at); });
    }
    if (!rows.sees_all(call, key, kMmaKeys)) {
      each_score([&](float& score, int half, int at) {
        if (!rows.sees(call, warp * 16 + group + half * 8, at)) score = -INFINITY;
      });
    }
    float max[2] = {state.m[0], state.m[1]};
    each_score([&](float score, int half, int) { max[half] = fmaxf(max[half], score); });
    float base[2];  // of the exponentials; what is -inf weighs 0 whatever else is
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      max[half] = reduce_warp<Max, 4>(max[half]);
      base[half] = max[half] == -INFINITY ? 0 : max[half];
      const float factor = __expf(state.m[half] - base[half]);
      state.m[half] = max[half];
      state.l[half] *= factor;
#pragma unroll
      for (int tile = 0; tile < kLaneTiles; ++tile) {
        out[tile][half * 2] *= factor;
        out[tile][half * 2 + 1] *= factor;
      }
    }
    each_score([&](float& score, int half, int) {
      score = __expf(score - base[half]);
      state.l[half] += score;
    });

    attest_ptx::cp_async_wait<1>();
    __syncthreads();  // V is there
    std::uint32_t p[kMmaKeys / 16][4];
#pragma unroll
    for (int step = 0; step < kMmaKeys / 16; ++step) {
      const float(&low)[4] = scores[step * 2];
      const float(&high)[4] = scores[step * 2 + 1];
      p[step][0] = packed<E>(low[0], low[1]);
      p[step][1] = packed<E>(low[2], low[3]);
      p[step][2] = packed<E>(high[0], high[1]);
      p[step][3] = packed<E>(high[2], high[3]);
    }
    constexpr int kLanePairs = kLaneTiles / 2;
    with_fragments<kMmaKeys / 16 * kLanePairs>(
        [&](int i, std::uint32_t(&v)[4]) {
          const int step = i / kLanePairs, tile = i % kLanePairs * 2;
          attest_ptx::ldmatrix_x4_transposed(
              v, &v_tile.row[step * 16 + lane % 16][tile * 8 + lane / 16 * 8]);
        },
        [&](int i, const std::uint32_t(&v)[4]) {
          const int step = i / kLanePairs, tile = i % kLanePairs * 2;
          mma_pair(out[tile], out[tile + 1], p[step], v, E());
        });
    __syncthreads();  // V was read
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float l = reduce_warp<Sum, 4>(state.l[half]);
    const int row = warp * 16 + group + half * 8;
    if (row >= rows.num_rows) continue;
    const std::int64_t out_row = sequence.first_row + first_row + row;
    const auto o = lanes<typename T::o>(call.o, out_row, head);
    const float factor = l == 0 ? 0 : scaled_output(call, sequence.index, head, 1 / l);
#pragma unroll
    for (int tile = 0; tile < kLaneTiles; ++tile) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const int to = tile * 8 + member * 2 + e;
        if (to < call.head_dim_v)
          o[to] = from_float<typename T::o>(out[tile][half * 2 + e] * factor);
      }
    }
    if (member == 0 && call.lse.data != nullptr) {
      element(call.lse, out_row, head) = l == 0 ? -INFINITY : state.m[half] + logf(l);
    }
  }
}

/// Whether 8 lanes of a head are 16 aligned bytes, wherever they begin.
inline bool has_vectors(const attest_tensor& tensor, int head_dim) {
  bool fits = reinterpret_cast<std::uintptr_t>(tensor.data) % 16 == 0 && head_dim % kVector == 0 &&
              tensor.stride[tensor.rank - 1] == 1;
  for (int axis = 0; axis + 1 < tensor.rank; ++axis) fits &= tensor.stride[axis] % kVector == 0;
  return fits;
}

template <typename T>
attest_status flash_mma_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kFlashMmaCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->batch == 0 || call->max_q_len == 0) return status;
  const bool vectors = has_vectors(call->q, call->head_dim_qk) &&
                       has_vectors(call->k, call->head_dim_qk) &&
                       has_vectors(call->v, call->head_dim_v);
  report_path(report, vectors ? "vectors" : "elements");
  const dim3 grid((call->max_q_len + kMmaRows - 1) / kMmaRows, call->num_q_heads, call->batch);
  const bool narrow = call->head_dim_qk <= 64 && call->head_dim_v <= 64;
  if (narrow && vectors) {
    flash_mma_kernel<T, 64, true><<<grid, kMmaThreads, 0, stream_of(*call)>>>(*call);
  } else if (narrow) {
    flash_mma_kernel<T, 64, false><<<grid, kMmaThreads, 0, stream_of(*call)>>>(*call);
  } else if (vectors) {
    flash_mma_kernel<T, 128, true><<<grid, kMmaThreads, 0, stream_of(*call)>>>(*call);
  } else {
    flash_mma_kernel<T, 128, false><<<grid, kMmaThreads, 0, stream_of(*call)>>>(*call);
  }
  return launched(report);
}

template <typename T>
constexpr attest_kernel flash_mma(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kFlashMmaCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH;
  kernel.conventions.masked_tokens = ATTEST_SLOTS_FINITE;  // whole tiles of V, some with weight 0
  kernel.numerics.preset = "flash2";
  kernel.numerics.tile = kMmaKeys;
  kernel.numerics.tanh_ulp = 4;  // tanhf
  kernel.attend = &flash_mma_attend<T>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
