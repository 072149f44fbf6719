// CUDA's vector types with CUDA's sizes and alignments.
#pragma once

#include "kernels/simt/device/dim3.h"

#define ATTEST_SIMT_VECTORS(Element, name, align2, align4)                              \
  struct name##1 {                                                                      \
    Element x;                                                                          \
  };                                                                                    \
  struct alignas(align2) name##2 {                                                      \
    Element x, y;                                                                       \
  };                                                                                    \
  struct alignas(align4) name##4 {                                                      \
    Element x, y, z, w;                                                                 \
  };                                                                                    \
  inline constexpr name##1 make_##name##1(Element x) { return {x}; }                    \
  inline constexpr name##2 make_##name##2(Element x, Element y) { return {x, y}; }      \
  inline constexpr name##4 make_##name##4(Element x, Element y, Element z, Element w) { \
    return {x, y, z, w};                                                                \
  }
#define ATTEST_SIMT_VECTOR3(Element, name) \
  struct name##3 {                         \
    Element x, y, z;                       \
  };                                       \
  inline constexpr name##3 make_##name##3(Element x, Element y, Element z) { return {x, y, z}; }

ATTEST_SIMT_VECTORS(signed char, char, 2, 4)
ATTEST_SIMT_VECTORS(unsigned char, uchar, 2, 4)
ATTEST_SIMT_VECTORS(short, short, 4, 8)
ATTEST_SIMT_VECTORS(unsigned short, ushort, 4, 8)
ATTEST_SIMT_VECTORS(int, int, 8, 16)
ATTEST_SIMT_VECTORS(unsigned, uint, 8, 16)
ATTEST_SIMT_VECTORS(long, long, 16, 16)
ATTEST_SIMT_VECTORS(unsigned long, ulong, 16, 16)
ATTEST_SIMT_VECTORS(long long, longlong, 16, 16)
ATTEST_SIMT_VECTORS(unsigned long long, ulonglong, 16, 16)
ATTEST_SIMT_VECTORS(float, float, 8, 16)
ATTEST_SIMT_VECTORS(double, double, 16, 16)
ATTEST_SIMT_VECTOR3(signed char, char)
ATTEST_SIMT_VECTOR3(unsigned char, uchar)
ATTEST_SIMT_VECTOR3(short, short)
ATTEST_SIMT_VECTOR3(unsigned short, ushort)
ATTEST_SIMT_VECTOR3(int, int)
ATTEST_SIMT_VECTOR3(long long, longlong)
ATTEST_SIMT_VECTOR3(float, float)
ATTEST_SIMT_VECTOR3(double, double)
inline constexpr uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }

#undef ATTEST_SIMT_VECTORS
#undef ATTEST_SIMT_VECTOR3
