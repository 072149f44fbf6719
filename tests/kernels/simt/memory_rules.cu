// See memory_rules.h.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include "memory_rules.h"

namespace simt_memory {
namespace {

constexpr unsigned kAll = 0xffffffffu;

constexpr int kRaceWrite = __LINE__ + 4;
constexpr int kRaceRead = __LINE__ + 4;
__global__ void race_in_shared_kernel(int* out) {
  __shared__ int row[64];
  row[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = row[threadIdx.x ^ 1];
}

__global__ void race_in_global_kernel(int* data) {
  data[threadIdx.x] = 1;
  data[63 - threadIdx.x] += 1;
}

__global__ void barrier_kernel(int* data) {
  data[threadIdx.x] = 1;
  __syncthreads();
  data[63 - threadIdx.x] += 1;
}

__global__ void syncwarp_kernel(int* data) {
  for (int i = 0; i < 20; ++i) {
    data[threadIdx.x] = i;
    __syncwarp();
    data[threadIdx.x ^ 1] += 1;
    __syncwarp();
  }
}

__global__ void shuffle_kernel(int* data) {
  data[threadIdx.x] = 1;
  __shfl_sync(kAll, 1, 0);
  data[threadIdx.x ^ 1] += 1;
}

__global__ void other_syncwarp_kernel(int* data) {
  data[threadIdx.x] = 1;
  if (threadIdx.x < 16) {
    __syncwarp(0x0000ffffu);
  } else {
    __syncwarp(0xffff0000u);
  }
  data[threadIdx.x ^ 16] += 1;
}

__global__ void atomics_kernel(int* data) {
  atomicAdd(&data[0], 1);
  atomicMax(&data[1], static_cast<int>(threadIdx.x));
}

__global__ void atomic_and_plain_kernel(int* data) {
  if (threadIdx.x == 0) data[0] = 5;
  atomicAdd(&data[0], 1);
}

__global__ void halves_kernel(unsigned short* data) {
  data[threadIdx.x] = static_cast<unsigned short>(threadIdx.x);
  data[threadIdx.x] += 1;
  __syncthreads();
  if (threadIdx.x == 0) reinterpret_cast<unsigned*>(data)[3] += 1;
}

__global__ void bytes_kernel(unsigned char* data) {
  data[threadIdx.x] = static_cast<unsigned char>(threadIdx.x);
}

__global__ void same_byte_kernel(unsigned char* data) {
  data[threadIdx.x / 2 * 2] = static_cast<unsigned char>(threadIdx.x);
}

constexpr int kUninitialised = __LINE__ + 4;
__global__ void too_early_kernel(int* out) {
  __shared__ int row[64];
  if (threadIdx.x < 40) row[threadIdx.x] = 1;
  out[threadIdx.x] = row[threadIdx.x];
}

__global__ void read_kernel(const int* in, int* out) { out[threadIdx.x] = in[threadIdx.x]; }

constexpr int kPastEnd = __LINE__ + 2;
__global__ void past_end_kernel(const int* in, int* out, int count) {
  for (int i = static_cast<int>(threadIdx.x); i <= count; i += 32) out[threadIdx.x] = in[i];
}

__global__ void before_begin_kernel(int* out) { out[-1] = 1; }

struct Large {
  float values[40];
};
__global__ void structs_kernel(const Large* in, Large* out, int count) {
  __shared__ Large tile[4];
  for (int i = 0; i < count; ++i) {
    if (threadIdx.x == 0) tile[i] = in[i];
    __syncthreads();
    if (threadIdx.x == 32) out[i] = tile[i];
    __syncthreads();
  }
}

__device__ const int kTable[4] = {1, 2, 3, 4};
__constant__ int offsets[4] = {10, 20, 30, 40};
__global__ void tables_kernel(int* out) {
  out[threadIdx.x] = kTable[threadIdx.x % 4] + offsets[threadIdx.x % 4];
}

__global__ void local_kernel(int* out) {
  int own[40];
  for (int i = 0; i < 40; ++i) own[(i * 7) % 40] = i;
  int sum = 0;
  for (int i = 0; i < 40; ++i) sum += own[(i + static_cast<int>(threadIdx.x)) % 40];
  out[threadIdx.x] = sum;
}

__global__ void overtaken_kernel(const float* in, float* out) {
  __shared__ __align__(16) float tile[128];
  __pipeline_memcpy_async(&tile[threadIdx.x * 4], in + threadIdx.x * 4, 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  out[threadIdx.x] = tile[(threadIdx.x * 4 + 4) % 128];  // another thread's, without a barrier
}

enum class Last { kFenced, kFenceBeforeBarrier, kNoFence };

template <Last how>
__global__ void last_block_kernel(const int* in, int* partial, unsigned* ticket, int* total) {
  __shared__ bool is_last;
  const int own = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  partial[own] = in[own] * 2;
  if (how == Last::kFenceBeforeBarrier) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    if (how == Last::kFenced) __threadfence();
    is_last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!is_last) return;
  if (threadIdx.x == 0) {
    int sum = 0;
    for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i) sum += partial[i];
    *total = sum;
    *ticket = 0;
  }
}

__global__ void no_ticket_kernel(const int* in, int* partial, int* total) {
  partial[blockIdx.x] = in[blockIdx.x];
  __threadfence();
  if (blockIdx.x == gridDim.x - 1) {
    int sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += partial[i];
    *total = sum;
  }
}

__global__ void write_same_kernel(int* out) { out[0] = 1; }
__global__ void add_one_kernel(int* out) { out[blockIdx.x] += 1; }
__global__ void mirror_kernel(int* out) { out[gridDim.x - 1 - blockIdx.x] += 1; }

int finish() { return static_cast<int>(cudaGetLastError()); }

}  // namespace

const Lines kLines = {kRaceWrite, kRaceRead, kUninitialised, kPastEnd};

int race_in_shared(int* out) {
  race_in_shared_kernel<<<1, 64>>>(out);
  return finish();
}
int race_in_global(int* data) {
  race_in_global_kernel<<<1, 64>>>(data);
  return finish();
}
int ordered_by_barrier(int* data) {
  barrier_kernel<<<1, 64>>>(data);
  return finish();
}
int ordered_by_syncwarp(int* data) {
  syncwarp_kernel<<<1, 64>>>(data);
  return finish();
}
int shuffles_as_barrier(int* data) {
  shuffle_kernel<<<1, 64>>>(data);
  return finish();
}
int syncwarp_of_others(int* data) {
  other_syncwarp_kernel<<<1, 32>>>(data);
  return finish();
}
int atomics_together(int* data) {
  atomics_kernel<<<4, 64>>>(data);
  return finish();
}
int atomic_and_plain(int* data) {
  atomic_and_plain_kernel<<<1, 64>>>(data);
  return finish();
}
int halves_of_a_word(unsigned short* data) {
  halves_kernel<<<1, 64>>>(data);
  return finish();
}
int bytes_of_a_word(unsigned char* data) {
  bytes_kernel<<<1, 64>>>(data);
  return finish();
}
int same_byte(unsigned char* data) {
  same_byte_kernel<<<1, 64>>>(data);
  return finish();
}
int read_shared_too_early(int* out) {
  too_early_kernel<<<1, 64>>>(out);
  return finish();
}
int read_device(const int* in, int* out) {
  read_kernel<<<1, 32>>>(in, out);
  return finish();
}
int read_past_end(const int* in, int* out, int count) {
  past_end_kernel<<<1, 32>>>(in, out, count);
  return finish();
}
int write_before_begin(int* out) {
  before_begin_kernel<<<1, 1>>>(out);
  return finish();
}
int copy_structs(const void* in, void* out, int count) {
  structs_kernel<<<1, 64>>>(static_cast<const Large*>(in), static_cast<Large*>(out), count);
  return finish();
}
int read_host_memory(const int* host, int* out) {
  read_kernel<<<1, 1>>>(host, out);
  return finish();
}
int read_tables(int* out) {
  tables_kernel<<<1, 32>>>(out);
  return finish();
}
int local_arrays(int* out) {
  local_kernel<<<1, 32>>>(out);
  return finish();
}
int asynchronous_copy_overtaken(const float* in, float* out) {
  overtaken_kernel<<<1, 32>>>(in, out);
  return finish();
}
int last_block_sums(const int* in, int* partial, unsigned* ticket, int* total, int blocks) {
  last_block_kernel<Last::kFenced><<<blocks, 64>>>(in, partial, ticket, total);
  return finish();
}
int last_block_fence_before_barrier(const int* in, int* partial, unsigned* ticket, int* total,
                                    int blocks) {
  last_block_kernel<Last::kFenceBeforeBarrier><<<blocks, 64>>>(in, partial, ticket, total);
  return finish();
}
int last_block_without_fence(const int* in, int* partial, unsigned* ticket, int* total,
                             int blocks) {
  last_block_kernel<Last::kNoFence><<<blocks, 64>>>(in, partial, ticket, total);
  return finish();
}
int last_block_without_ticket(const int* in, int* partial, int* total, int blocks) {
  no_ticket_kernel<<<blocks, 1>>>(in, partial, total);
  return finish();
}
int blocks_write_same(int* out, int blocks) {
  write_same_kernel<<<blocks, 1>>>(out);
  return finish();
}
int two_launches(int* out, int blocks) {
  add_one_kernel<<<blocks, 1>>>(out);
  mirror_kernel<<<blocks, 1>>>(out);
  return finish();
}

}  // namespace simt_memory
