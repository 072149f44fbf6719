// Flash prefill on tensor cores, in the shape of FlashAttention 2: a block takes 128 query rows of
// a head past tiles of 64 keys, 32 rows a warp. Scores, P and the outputs stay in registers, in the
// layout of mma.m16n8k16; K and V come to shared memory by asynchronous copies, the next K while P
// meets V. Ragged batches, paged or not, windows, softcap, ALiBi, any head size up to 128. Tensors
// whose rows are no 16-byte vectors are copied element by element.
// Source: Dao 2023; flash-attention csrc/flash_attn/src/flash_fwd_kernel.h.
#pragma once

#include "kernels/cuda/flash_warp.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

template <typename T>
constexpr attest_capabilities flash_mma_capabilities() {
  attest_capabilities capabilities = flash_prefill_capabilities<T>();
  capabilities.layouts &= ~ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kFlashMmaCapabilities = flash_mma_capabilities<T>();

/// Grid: (tiles of rows, num_q_heads, batch).
template <typename T, int kDim, bool kVectors>
__global__ void __launch_bounds__(kMmaThreads, 2)
    flash_mma_kernel(const __grid_constant__ attest_attend call) {
  using E = typename T::q;
  extern __shared__ uint4 mma_shared[];
  auto& shared = *reinterpret_cast<MmaShared<E, kDim>*>(mma_shared);
  const int tile_index = static_cast<int>(gridDim.x - 1 - blockIdx.x);  // longest rows first
  const int first_row = tile_index * kMmaRows;
  if (first_row >= sequence_at(call, blockIdx.z).q_len) return;
  const FlashRows rows(call, blockIdx.z, first_row, kMmaRows, kMmaKeys);
  const Sequence& sequence = rows.sequence;
  const int head = blockIdx.y;
  const int kv_head = kv_head_of(call, head);

  const KvRows<E, kVectors> keys(call, call.k, sequence.index, kv_head);
  const KvRows<E, kVectors> values(call, call.v, sequence.index, kv_head);
  const auto load_k = [&](int key) {
    load_tile(shared.k, keys, key, sequence.kv_len, call.head_dim_qk);
  };
  const auto load_v = [&](int key) {
    load_tile(shared.v, values, key, sequence.kv_len, call.head_dim_v);
  };
  // Arrives with the first K.
  load_rows<kVectors>(shared.q, rows.num_rows, call.head_dim_qk, [&](int j) {
    return lanes<const E>(call.q, sequence.first_row + first_row + j, head);
  });
  if (rows.begin_key < rows.end_key) load_k(rows.begin_key);

  FlashWarp<T, kDim> warp(call, rows, head);
  for (int key = rows.begin_key; key < rows.end_key; key += kMmaKeys) {
    load_v(key);
    attest_ptx::cp_async_wait<1>();
    __syncthreads();  // K is there
    MmaScores scores;
    const bool meets = warp.meets(key);
    if (meets) warp.multiply_keys(shared, scores);
    __syncthreads();  // K was read
    if (key + kMmaKeys < rows.end_key) {
      load_k(key + kMmaKeys);
    } else {
      attest_ptx::cp_async_commit();  // as many groups as ever: V's is the last but one
    }
    if (meets) warp.weigh(key, scores);
    attest_ptx::cp_async_wait<1>();
    __syncthreads();  // V is there
    if (meets) warp.multiply_values(shared, scores);
    __syncthreads();  // V was read
  }
  attest_ptx::cp_async_wait<0>();  // Q, where there was no key
  if (warp.has_rows()) warp.store();
}

/// Whether 8 lanes of a head are 16 aligned bytes, wherever they begin.
inline bool has_vectors(const attest_tensor& tensor, int head_dim) {
  bool fits = reinterpret_cast<std::uintptr_t>(tensor.data) % 16 == 0 && head_dim % kVector == 0 &&
              tensor.stride[tensor.rank - 1] == 1;
  for (int axis = 0; axis + 1 < tensor.rank; ++axis) fits &= tensor.stride[axis] % kVector == 0;
  return fits;
}

template <typename T, int kDim, bool kVectors>
void launch_flash_mma(const attest_attend& call) {
  const dim3 grid((call.max_q_len + kMmaRows - 1) / kMmaRows, call.num_q_heads, call.batch);
  constexpr int kBytes = sizeof(MmaShared<typename T::q, kDim>);
  const auto kernel = &flash_mma_kernel<T, kDim, kVectors>;
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  kernel<<<grid, kMmaThreads, kBytes, stream_of(call)>>>(call);
}

template <typename T>
attest_status flash_mma_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kFlashMmaCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->batch == 0 || call->max_q_len == 0) return status;
  const bool vectors = has_vectors(call->q, call->head_dim_qk) &&
                       has_vectors(call->k, call->head_dim_qk) &&
                       has_vectors(call->v, call->head_dim_v);
  report_path(report, vectors ? "vectors" : "elements");
  if (call->head_dim_qk <= 64 && call->head_dim_v <= 64) {
    vectors ? launch_flash_mma<T, 64, true>(*call) : launch_flash_mma<T, 64, false>(*call);
  } else {
    vectors ? launch_flash_mma<T, 128, true>(*call) : launch_flash_mma<T, 128, false>(*call);
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
