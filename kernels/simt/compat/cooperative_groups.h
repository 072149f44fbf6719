// Stands in for CUDA's <cooperative_groups.h>: thread blocks and tiles of up to 32 threads. Groups
// wider than a block are a compile error.
#pragma once
#pragma GCC system_header

#include "cuda_runtime.h"

namespace cooperative_groups {

struct thread_block {
  using Site = attest::simt::Site;
  static void sync(Site site = Site()) { __syncthreads(site); }
  static unsigned thread_rank() {
    return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  }
  static unsigned size() { return blockDim.x * blockDim.y * blockDim.z; }
  static unsigned num_threads() { return size(); }
  static dim3 group_index() { return blockIdx; }
  static dim3 thread_index() { return threadIdx; }
  static dim3 group_dim() { return blockDim; }
  static dim3 dim_threads() { return blockDim; }
};
inline thread_block this_thread_block() { return {}; }
inline void sync(const thread_block& block, attest::simt::Site site = attest::simt::Site()) {
  block.sync(site);
}

template <unsigned Size, class Parent = void>
struct thread_block_tile {
  using Site = attest::simt::Site;
  static_assert(Size > 0 && Size <= 32 && (Size & (Size - 1)) == 0,
                "attest: on the CPU a tile has 1, 2, 4, 8, 16 or 32 threads");
  static constexpr unsigned kLow = Size == 32 ? ~0u : (1u << Size) - 1;

  static unsigned first_lane() { return attest::simt::lane_id() & ~(Size - 1); }
  static unsigned mask() { return kLow << first_lane(); }
  static unsigned thread_rank() { return attest::simt::lane_id() & (Size - 1); }
  static unsigned meta_group_rank() { return thread_block::thread_rank() / Size; }
  static unsigned meta_group_size() { return (thread_block::size() + Size - 1) / Size; }
  static constexpr unsigned size() { return Size; }
  static constexpr unsigned num_threads() { return Size; }

  void sync(Site site = Site()) const { __syncwarp(mask(), site); }
  template <class T>
  T shfl(T value, int source, Site site = Site()) const {
    return __shfl_sync(mask(), value, source, Size, site);
  }
  template <class T>
  T shfl_xor(T value, int bits, Site site = Site()) const {
    return __shfl_xor_sync(mask(), value, bits, Size, site);
  }
  template <class T>
  T shfl_down(T value, unsigned delta, Site site = Site()) const {
    return __shfl_down_sync(mask(), value, delta, Size, site);
  }
  template <class T>
  T shfl_up(T value, unsigned delta, Site site = Site()) const {
    return __shfl_up_sync(mask(), value, delta, Size, site);
  }
  unsigned ballot(int predicate, Site site = Site()) const {
    return __ballot_sync(mask(), predicate, site) >> first_lane() & kLow;
  }
  int any(int predicate, Site site = Site()) const { return __any_sync(mask(), predicate, site); }
  int all(int predicate, Site site = Site()) const { return __all_sync(mask(), predicate, site); }
};

template <unsigned Size>
inline thread_block_tile<Size> tiled_partition(const thread_block&) {
  return {};
}
template <unsigned Size, unsigned Larger>
inline thread_block_tile<Size> tiled_partition(const thread_block_tile<Larger>&) {
  static_assert(Size <= Larger, "attest: a tile is partitioned into smaller ones");
  return {};
}

template <class T>
struct plus {
  T operator()(T a, T b) const { return a + b; }
};
template <class T>
struct greater {
  T operator()(T a, T b) const { return a > b ? a : b; }
};
template <class T>
struct less {
  T operator()(T a, T b) const { return a < b ? a : b; }
};
template <unsigned Size, class T, class Operation>
inline T reduce(const thread_block_tile<Size>& tile, T value, Operation operation,
                attest::simt::Site site = attest::simt::Site()) {
  for (unsigned bits = Size / 2; bits > 0; bits /= 2) {
    value = operation(value, tile.shfl_xor(value, static_cast<int>(bits), site));
  }
  return value;
}

template <class... None>
inline int this_grid() {
  static_assert(sizeof...(None) > 0,
                "attest: grid-wide synchronisation is not supported on the CPU");
  return 0;
}
template <class... None>
inline int this_cluster() {
  static_assert(sizeof...(None) > 0, "attest: clusters are not supported on the CPU");
  return 0;
}

}  // namespace cooperative_groups
