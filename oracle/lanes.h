// Two doubles side by side, for the inner loops of the evaluation and the bounds. Each lane is a
// result of its own and every operation is the IEEE one, so the results are those of scalar code.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace attest::oracle {

inline constexpr std::ptrdiff_t kLanes = 2;

using Lanes = double __attribute__((vector_size(16)));
using LaneBits = std::int64_t __attribute__((vector_size(16)));

template <typename Real = Lanes>
Real load(const double* from) {
  Real x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

inline void store(double* to, Lanes x) { std::memcpy(to, &x, sizeof x); }

inline double magnitude(double x) { return std::abs(x); }
inline Lanes magnitude(Lanes x) {
  constexpr std::int64_t kAllButSign = INT64_MAX;
  return reinterpret_cast<Lanes>(reinterpret_cast<LaneBits>(x) &
                                 LaneBits{kAllButSign, kAllButSign});
}

inline double smaller(double x, double y) { return x < y ? x : y; }
inline double larger(double x, double y) { return x > y ? x : y; }

// Compilers do not make one instruction of x < y ? x : y over vectors.
#ifdef __SSE2__
inline Lanes smaller(Lanes x, Lanes y) { return _mm_min_pd(x, y); }
inline Lanes larger(Lanes x, Lanes y) { return _mm_max_pd(x, y); }
#else
inline Lanes smaller(Lanes x, Lanes y) { return x < y ? x : y; }
inline Lanes larger(Lanes x, Lanes y) { return x > y ? x : y; }
#endif

}  // namespace attest::oracle
