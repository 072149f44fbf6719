// The vector operations and functions of oracle/simd/ behind plain function pointers:
// simd_math_probe.cc is compiled once per instruction set, so that a test can call each and
// compare. Nothing of the standard library crosses over.
#pragma once

#include <cstddef>

namespace attest::tests {

/// Doubles (lo is not read or written) or double-doubles; counts are multiples of 8.
struct Numbers {
  const double* hi;
  const double* lo;
};
struct Results {
  double* hi;
  double* lo;
};

struct SimdProbe {
  using Function = void (*)(Numbers x, Results y, std::size_t count);
  using Operation = void (*)(Numbers a, Numbers b, Results y, std::size_t count);

  const char* name;
  Function exp, log, tanh;  ///< of doubles
  Function dd_exp, dd_expm1, dd_log, dd_tanh;
  Operation dd_add, dd_sub, dd_mul, dd_div;
  Operation dd_add_double, dd_mul_double;  ///< b.lo is not read
  double (*log_of_one)(double x);

  /// Operations of vec.h on 8 numbers, or on 16 floats made of these twice, in the order that
  /// simd_vec_test.cc lists. Results in y, 8 each, floats as doubles.
  void (*double_operations)(const double* a, const double* b, const double* c, double* y);
  void (*float_operations)(const double* a, const double* b, const double* c, double* y);
  /// The same for operations on bits, of integers |k| <= 1000 and positive normal x.
  void (*bit_operations)(const double* k, const double* x, double* y);
  double (*sum_lanes)(const double* a);
  double (*largest_lane)(const double* a);
  double (*smallest_lane)(const double* a);
};

/// Compiled for that instruction set; call nothing of it on a machine without.
extern const SimdProbe kPortableProbe;
extern const SimdProbe kAvx2Probe;
extern const SimdProbe kAvx512Probe;

}  // namespace attest::tests
