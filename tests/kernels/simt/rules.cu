// One rule per kernel. See rules.h.
#include <cooperative_groups.h>
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <cooperative_groups/reduce.h>

#include "rules.h"

namespace simt_rules {
namespace {

constexpr unsigned kAll = 0xffffffffu;

__global__ void neighbours_kernel(int* out) {
  extern __shared__ int row[];
  row[threadIdx.x] = static_cast<int>(threadIdx.x) * 3;
  __syncthreads();
  out[threadIdx.x] = row[(threadIdx.x + 1) % blockDim.x];
}

__global__ void two_barriers_kernel(int* out) {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[0] = 1;
}

__global__ void exit_kernel(int* out) {
  if (threadIdx.x >= 40) return;
  __syncthreads();
  if (threadIdx.x == 0) out[0] = 7;
}

__global__ void barrier_reductions_kernel(int* out) {
  const int odd = static_cast<int>(threadIdx.x % 2);
  const int count = __syncthreads_count(odd);
  const int any = __syncthreads_or(threadIdx.x == 5 ? 1 : 0);
  const int none = __syncthreads_or(0);
  const int all = __syncthreads_and(1);
  const int not_all = __syncthreads_and(odd);
  if (threadIdx.x == 0) {
    out[0] = count;
    out[1] = any;
    out[2] = none;
    out[3] = all;
    out[4] = not_all;
  }
}

__global__ void deadlock_kernel(int* out) {
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    out[0] = __shfl_sync(kAll, static_cast<int>(threadIdx.x), 0);
  }
}

__global__ void shuffles_kernel(int* out, int operand, int width) {
  const int own = static_cast<int>(threadIdx.x);
  out[own] = __shfl_sync(kAll, own, operand, width);
  out[own + 32] = __shfl_xor_sync(kAll, own, operand, width);
  out[own + 64] = __shfl_up_sync(kAll, own, static_cast<unsigned>(operand), width);
  out[own + 96] = __shfl_down_sync(kAll, own, static_cast<unsigned>(operand), width);
}

__global__ void votes_kernel(unsigned* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = __ballot_sync(kAll, lane % 3 == 0 ? 1 : 0);
  out[lane + 32] = static_cast<unsigned>(__any_sync(kAll, lane == 4 ? 1 : 0));
  out[lane + 64] = static_cast<unsigned>(__all_sync(kAll, lane < 32 ? 1 : 0));
  out[lane + 96] = static_cast<unsigned>(__all_sync(kAll, lane == 4 ? 1 : 0));
}

__global__ void reductions_kernel(int* out) {
  const int value = static_cast<int>(threadIdx.x) - 10;
  const unsigned bits = 1u << threadIdx.x;
  const int sum = __reduce_add_sync(kAll, value);
  const int least = __reduce_min_sync(kAll, value);
  const int most = __reduce_max_sync(kAll, value);
  const unsigned all = __reduce_or_sync(kAll, bits);
  const unsigned none = __reduce_and_sync(kAll, bits);
  const unsigned parity = __reduce_xor_sync(kAll, 7u);
  if (threadIdx.x == 3) {
    out[0] = sum;
    out[1] = least;
    out[2] = most;
    out[3] = static_cast<int>(all);
    out[4] = static_cast<int>(none);
    out[5] = static_cast<int>(parity);
  }
}

__global__ void matches_kernel(unsigned* out) {
  int same = 0;
  out[threadIdx.x] = __match_any_sync(kAll, threadIdx.x % 4);
  out[threadIdx.x + 32] = __match_all_sync(kAll, 5, &same);
  out[threadIdx.x + 64] = static_cast<unsigned>(same);
}

__global__ void halves_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  if (lane < 16) {
    out[lane] = __shfl_sync(0x0000ffffu, lane, 3);
  } else {
    out[lane] = __shfl_sync(0xffff0000u, lane, 20);
  }
  __syncwarp();
}

__global__ void without_caller_kernel(int* out) {
  out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 0);
}

__global__ void masks_kernel(int* out) {
  out[threadIdx.x] = __shfl_sync(threadIdx.x < 16 ? 0xffffffffu : 0xffff8000u, 1, 31);
}

__global__ void operations_kernel(int* out) {
  if (threadIdx.x < 8) {
    out[threadIdx.x] = __any_sync(kAll, 1);
  } else {
    out[threadIdx.x] = __all_sync(kAll, 1);
  }
}

__global__ void places_kernel(int* out) {
  if (threadIdx.x < 8) {
    out[threadIdx.x] = __shfl_xor_sync(kAll, 1, 1);
  } else {
    out[threadIdx.x] = __shfl_xor_sync(kAll, 2, 1);
  }
}

__global__ void outside_mask_kernel(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 20);
}

__global__ void source_exited_kernel(int* out) {
  if (threadIdx.x == 31) return;
  out[threadIdx.x] = __shfl_sync(kAll, 1, 31);
}

__global__ void width_kernel(int* out) { out[threadIdx.x] = __shfl_sync(kAll, 1, 0, 12); }

__global__ void tiles_kernel(int* out) {
  namespace cg = cooperative_groups;
  const cg::thread_block block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<8>(block);
  const int rank = static_cast<int>(block.thread_rank());
  out[rank] = cg::reduce(tile, rank, cg::plus<int>());
  out[rank + 64] = tile.shfl(rank, 2);
  out[rank + 128] = static_cast<int>(tile.ballot(rank % 2));
  tile.sync();
  block.sync();
}

__global__ void unwritten_kernel(unsigned* out) {
  __shared__ unsigned words[2], word;
  out[0] = words[1];
  out[1] = word;
}

__global__ void atomic_kernel(int* out) {
  __shared__ int here;
  if (threadIdx.x == 0) here = 0;
  __syncthreads();
  atomicAdd(&here, 1);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(out, here);
}

__global__ void async_kernel(float* out, const float* in, bool wait) {
  __shared__ __align__(16) float tile[2][128];
  const int at = static_cast<int>(threadIdx.x) * 4;
  __pipeline_memcpy_async(&tile[0][at], in + at, 16);
  __pipeline_commit();
  __pipeline_memcpy_async(&tile[1][at], in + 128 + at, 16, 8);
  __pipeline_commit();
  __pipeline_wait_prior(1);
  for (int i = 0; i < 4; ++i) out[at + i] = tile[0][at + i];
  if (wait) __pipeline_wait_prior(0);
  for (int i = 0; i < 4; ++i) out[128 + at + i] = tile[1][at + i];
}

__global__ void dynamic_kernel(float* out, int floats) {
  extern __shared__ __align__(16) unsigned char bytes[];
  float* values = reinterpret_cast<float*>(bytes);
  for (int i = static_cast<int>(threadIdx.x); i < floats; i += 32) values[i] = 2.0f * i;
  __syncwarp();
  for (int i = static_cast<int>(threadIdx.x); i < floats; i += 32) {
    out[i] = values[floats - 1 - i];
  }
}

__global__ void empty_kernel() {}
__global__ void opted_in_kernel() {}

#ifndef __CUDACC__  // nvcc refuses these itself
__global__ void launching_kernel(int* out) { neighbours_kernel<<<1, 32, 128>>>(out); }

__global__ void static_shared_kernel(int* out) {
  __shared__ int much[40000];
  __shared__ int more[40000];
  much[0] = 1;
  more[0] = 2;
  out[0] = much[0] + more[0];
}
#endif

__global__ void order_kernel(int* out) {
  const int place = atomicAdd(out, 1);
  out[1 + place] = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  __syncthreads();
}

__global__ void nanosleep_kernel(int* out) {
  __shared__ int flag;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x == 63) atomicExch(&flag, 1);
  while (atomicAdd(&flag, 0) == 0) __nanosleep(10);
  out[threadIdx.x] = 1;
}

__global__ void endless_kernel(int* out) {
  while (out[0] == 0) __nanosleep(10);
}

int finish() { return static_cast<int>(cudaGetLastError()); }

}  // namespace

int neighbours_through_shared(int* out, int threads) {
  neighbours_kernel<<<1, threads, sizeof(int) * threads>>>(out);
  return finish();
}
int barrier_in_two_places(int* out) {
  two_barriers_kernel<<<1, 64>>>(out);
  return finish();
}
int exit_before_barrier(int* out) {
  exit_kernel<<<1, 64>>>(out);
  return finish();
}
int barrier_reductions(int* out, int threads) {
  barrier_reductions_kernel<<<1, threads>>>(out);
  return finish();
}
int exited_and_waiting_deadlock(int* out) {
  deadlock_kernel<<<1, 32>>>(out);
  return finish();
}
int shuffles(int* out, int threads, int operand, int width) {
  shuffles_kernel<<<1, threads>>>(out, operand, width);
  return finish();
}
int votes(unsigned* out, int threads) {
  votes_kernel<<<1, threads>>>(out);
  return finish();
}
int reductions(int* out) {
  reductions_kernel<<<1, 32>>>(out);
  return finish();
}
int matches(unsigned* out) {
  matches_kernel<<<1, 32>>>(out);
  return finish();
}
int halves_with_own_masks(int* out) {
  halves_kernel<<<1, 32>>>(out);
  return finish();
}
int mask_without_caller(int* out) {
  without_caller_kernel<<<1, 32>>>(out);
  return finish();
}
int masks_differ(int* out) {
  masks_kernel<<<1, 32>>>(out);
  return finish();
}
int operations_differ(int* out) {
  operations_kernel<<<1, 32>>>(out);
  return finish();
}
int places_differ(int* out) {
  places_kernel<<<1, 32>>>(out);
  return finish();
}
int source_outside_mask(int* out) {
  outside_mask_kernel<<<1, 32>>>(out);
  return finish();
}
int source_exited(int* out) {
  source_exited_kernel<<<1, 32>>>(out);
  return finish();
}
int strange_width(int* out) {
  width_kernel<<<1, 32>>>(out);
  return finish();
}
int tiles(int* out) {
  tiles_kernel<<<1, 64>>>(out);
  return finish();
}
int read_unwritten_shared(unsigned* out) {
  unwritten_kernel<<<1, 1>>>(out);
  return finish();
}
int add_atomically(int* out, int blocks, int threads) {
  atomic_kernel<<<blocks, threads>>>(out);
  return finish();
}
int async_copies(float* out, const float* in, bool wait) {
  async_kernel<<<1, 32>>>(out, in, wait);
  return finish();
}
int two_dynamic_views(float* out, int floats) {
  dynamic_kernel<<<1, 32, sizeof(float) * floats>>>(out, floats);
  return finish();
}
int launch_shape(int grid, int block, int dynamic_bytes) {
  empty_kernel<<<grid, block, dynamic_bytes>>>();
  return finish();
}
int opt_in(int dynamic_bytes) {
  const cudaError_t error = cudaFuncSetAttribute(
      opted_in_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, dynamic_bytes);
  if (error != cudaSuccess) return static_cast<int>(cudaGetLastError());
  opted_in_kernel<<<1, 32, dynamic_bytes>>>();
  return finish();
}
#ifndef __CUDACC__
int launch_in_kernel(int* out) {
  launching_kernel<<<1, 1>>>(out);
  return finish();
}
int too_much_static_shared(int* out) {
  static_shared_kernel<<<1, 1>>>(out);
  return finish();
}
#endif
int order_of_threads(int* out, int blocks, int threads) {
  order_kernel<<<blocks, threads>>>(out);
  return finish();
}
int wait_with_nanosleep(int* out) {
  nanosleep_kernel<<<1, 64>>>(out);
  return finish();
}
int never_ends(int* out) {
  endless_kernel<<<1, 32>>>(out);
  return finish();
}
int cluster_launch(int* out) {
  cudaLaunchConfig_t config = {};
  cudaLaunchAttribute attribute = {};
  config.gridDim = dim3(1);
  config.blockDim = dim3(32);
  config.attrs = &attribute;
  config.numAttrs = 1;
  cudaLaunchKernelEx(&config, exit_kernel, out);
  return finish();
}

}  // namespace simt_rules
