// attest_ptx.h on the CPU.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/simt/device.h"
#include "kernels/simt/device/async.h"

namespace attest_ptx {

using attest::simt::Site;

struct MmaSlot {
  float* d;
  const std::uint32_t* a;
  const std::uint32_t* b;
  const float* c;
};

/// Element `high` (0 or 1) of a register that holds two.
template <class T>
ATTEST_SIMT_RUNTIME inline float element(std::uint32_t pair, int high) {
  const auto bits = static_cast<std::uint16_t>(high != 0 ? pair >> 16 : pair);
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return static_cast<float>(value);
}

template <class T>
ATTEST_SIMT_RUNTIME void finish_mma(void** slots, unsigned, int) {
  float a[16][16];
  float b[16][8];
  float c[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const auto* slot = static_cast<const MmaSlot*>(slots[lane]);
    const int g = lane / 4;
    const int column = lane % 4 * 2;
    for (int i = 0; i < 8; ++i) {
      const int r = i / 2;
      a[g + r % 2 * 8][column + i % 2 + r / 2 * 8] = element<T>(slot->a[r], i % 2);
    }
    for (int i = 0; i < 4; ++i) {
      b[column + i % 2 + i / 2 * 8][g] = element<T>(slot->b[i / 2], i % 2);
      c[g + i / 2 * 8][column + i % 2] = slot->c[i];
    }
  }
  for (auto i = 0; i < 16; ++i) {
    for (int k = 0; k < 16; ++k) {
      for (int j = 0; j < 8; ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    auto* slot = static_cast<MmaSlot*>(slots[lane]);
    for (int i = 0; i < 4; ++i) slot->d[i] = c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  }
}

template <class T>
inline constexpr attest::simt::Collective kMma = {"mma.sync.m16n8k16", &finish_mma<T>};

/// `type` chooses the element type and is not looked at.
template <class T>
ATTEST_SIMT_RUNTIME inline void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4],
                                             const std::uint32_t (&b)[2], const float (&c)[4], T,
                                             Site site = Site()) {
  static_assert(std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>);
  MmaSlot slot{d, a, b, c};
  attest::simt::collective(kMma<T>, 0xffffffffu, &slot, 0, site);
}

struct LdmatrixSlot {
  const char* row;
  std::uint32_t r[4];
};

ATTEST_SIMT_RUNTIME inline void finish_ldmatrix(void** slots, unsigned, int transposed) {
  for (int lane = 0; lane < 32; ++lane) {
    auto* slot = static_cast<LdmatrixSlot*>(slots[lane]);
    for (int matrix = 0; matrix < 4; ++matrix) {
      std::uint16_t pair[2];
      for (int i = 0; i < 2; ++i) {
        const int major = lane / 4;
        const int minor = lane % 4 * 2 + i;
        const int row = transposed != 0 ? minor : major;
        const int column = transposed != 0 ? major : minor;
        const char* from = static_cast<LdmatrixSlot*>(slots[matrix * 8 + row])->row;
        std::memcpy(&pair[i], from + column * 2, sizeof pair[i]);
      }
      slot->r[matrix] = std::uint32_t{pair[1]} << 16 | pair[0];
    }
  }
}
inline constexpr attest::simt::Collective kLdmatrix = {"ldmatrix.x4", &finish_ldmatrix};

ATTEST_SIMT_RUNTIME inline void load_matrices(std::uint32_t (&r)[4], const void* row,
                                              int transposed, Site site) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) {
    attest::simt::device_error(attest::simt::Kind::kBadArgument,
                               "ldmatrix: the address of a row is not a multiple of 16", site);
  }
  if constexpr (attest::simt::kChecked) attest::simt::before_access(row, 16, false, site);
  LdmatrixSlot slot{static_cast<const char*>(row), {}};
  attest::simt::collective(kLdmatrix, 0xffffffffu, &slot, transposed, site);
  std::memcpy(r, slot.r, sizeof slot.r);
}
inline void ldmatrix_x4(std::uint32_t (&r)[4], const void* row, Site site = Site()) {
  load_matrices(r, row, 0, site);
}
inline void ldmatrix_x4_transposed(std::uint32_t (&r)[4], const void* row, Site site = Site()) {
  load_matrices(r, row, 1, site);
}

/// Exact but for flushing: see device/math.h.
inline float ex2(float x) {
  const float y = std::exp2(x);
  return y < std::numeric_limits<float>::min() ? 0 : y;
}

inline void cp_async_16(void* shared, const void* global, Site site = Site()) {
  attest::simt::start_async_copy(shared, global, 16, 0, site);
}
/// Copies the first `bytes` (0 to 16) and fills the rest with 0.
inline void cp_async_16_zfill(void* shared, const void* global, int bytes, Site site = Site()) {
  attest::simt::start_async_copy(shared, global, 16, static_cast<std::size_t>(16 - bytes), site);
}
inline void cp_async_commit() { attest::simt::async_commit(); }
template <int pending>
inline void cp_async_wait(Site site = Site()) {
  attest::simt::wait_async_copies(pending, site);
}

}  // namespace attest_ptx
