// The tensor core and copy instructions that CUDA C++ has no name for, under one spelling: PTX
// where nvcc compiles for a device, the same operation in the documented lane layout on the CPU.
//
//   mma_m16n8k16   d[16, 8] = a[16, 16] b[16, 8] + c[16, 8], a and b f16 or bf16, c and d f32
//   ldmatrix_x4    four 8 x 8 matrices of 16-bit elements; lane l gives the address of row l
//   ex2            2^x within 2 ulp, ex2.approx.ftz: subnormal results are 0
//   cp_async_16    16 bytes from global to shared memory; cp_async_commit, cp_async_wait<pending>
//
// Lane l holds, with g = l / 4 and t = l % 4 (PTX ISA, "Matrix fragments for mma.m16n8k16"):
//   a[0..3]: rows g, g + 8, g, g + 8; columns 2t, 2t + 1 of the first 8, and for a[2], a[3] of the
//   last b[0..1]: column g; rows 2t, 2t + 1 of the first 8, and for b[1] of the last c[0..3]: row g
//   columns 2t, 2t + 1, then row g + 8 columns 2t, 2t + 1
// All 32 lanes take part. Rounding inside the device's tensor cores is not modelled: on the CPU
// products are exact and sums are f32, in order of k.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

#ifdef __CUDACC__
#include "attest_ptx_device.h"
#else
#include "kernels/simt/device/ptx.h"
#endif
