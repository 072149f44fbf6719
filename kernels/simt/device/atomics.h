// Atomic operations. Between two switch points a thread runs alone, so a plain read and write is
// one step; the checker is told that it is meant to be.
#pragma once

#include <type_traits>

#include "kernels/simt/device.h"

namespace attest::simt {

template <class T, class Change>
ATTEST_SIMT_RUNTIME inline T read_modify_write(T* p, Change change, Site site) {
  if constexpr (kChecked) before_atomic(p, sizeof(T), site);
  const T old = *p;
  *p = change(old);
  return old;
}

}  // namespace attest::simt

#define ATTEST_SIMT_ATOMIC(name, expression)                                                 \
  template <class T>                                                                         \
  inline T name(T* p, std::type_identity_t<T> value,                                         \
                attest::simt::Site site = attest::simt::Site()) {                            \
    return attest::simt::read_modify_write(                                                  \
        p, [value](T old) ATTEST_SIMT_RUNTIME { return static_cast<T>(expression); }, site); \
  }                                                                                          \
  template <class T>                                                                         \
  inline T name##_block(T* p, std::type_identity_t<T> value,                                 \
                        attest::simt::Site site = attest::simt::Site()) {                    \
    return name(p, value, site);                                                             \
  }

ATTEST_SIMT_ATOMIC(atomicAdd, old + value)
ATTEST_SIMT_ATOMIC(atomicSub, old - value)
ATTEST_SIMT_ATOMIC(atomicMin, value < old ? value : old)
ATTEST_SIMT_ATOMIC(atomicMax, old < value ? value : old)
ATTEST_SIMT_ATOMIC(atomicAnd, old& value)
ATTEST_SIMT_ATOMIC(atomicOr, old | value)
ATTEST_SIMT_ATOMIC(atomicXor, old ^ value)
ATTEST_SIMT_ATOMIC(atomicExch, (static_cast<void>(old), value))
ATTEST_SIMT_ATOMIC(atomicInc, old >= value ? 0 : old + 1)
ATTEST_SIMT_ATOMIC(atomicDec, old == 0 || old > value ? value : old - 1)
#undef ATTEST_SIMT_ATOMIC

template <class T>
inline T atomicCAS(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> value,
                   attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::read_modify_write(
      p, [=](T old) ATTEST_SIMT_RUNTIME { return old == expected ? value : old; }, site);
}
