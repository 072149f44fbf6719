// CUDA's uint3 and dim3, and the variables that tell a thread who it is. Plain globals, not
// thread_local: the executor sets them at each switch, and runs one launch at a time.
#pragma once

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1)
      : x(width), y(height), z(depth) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define ATTEST_SIMT_HIDDEN __attribute__((visibility("hidden")))

extern ATTEST_SIMT_HIDDEN uint3 threadIdx;
extern ATTEST_SIMT_HIDDEN uint3 blockIdx;
extern ATTEST_SIMT_HIDDEN dim3 blockDim;
extern ATTEST_SIMT_HIDDEN dim3 gridDim;
inline constexpr int warpSize = 32;
