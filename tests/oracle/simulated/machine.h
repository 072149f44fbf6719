// The arithmetic units of a simulated kernel: how each operation rounds, how sums are shaped, how
// bad the exponentials are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/sabotage.h"
#include "tests/oracle/simulated/style.h"

namespace attest::tests {

/// What becomes of the exact result of one operation.
struct Rounding {
  int bits = 0;            ///< significand bits kept; 0: those of T, to nearest
  bool cut = false;        ///< towards zero; else to nearest, ties to even
  int lowest_unit = -149;  ///< exponent of the smallest unit in the last place
  double largest = 0;      ///< beyond: infinity
};

/// `exact` as `rounding` leaves it. bits must not be 0.
double round_as(double exact, const Rounding& rounding);

/// A vector unit or the adders behind a matrix unit.
template <typename T>
class Unit {
 public:
  Unit() = default;
  Unit(const Rounding& rounding, T flush_below) : rounding_(rounding), flush_below_(flush_below) {}

  T add(T a, T b) const { return settle(a + b, static_cast<double>(a) + static_cast<double>(b)); }
  T mul(T a, T b) const { return settle(a * b, static_cast<double>(a) * static_cast<double>(b)); }
  T fma(T a, T b, T c) const;
  T div(T a, T b) const { return settle(a / b, static_cast<double>(a) / static_cast<double>(b)); }
  /// A result that is right to the last place of T.
  T settle(T nearest, double exact) const {
    return flushed(rounding_.bits == 0 ? nearest : static_cast<T>(round_as(exact, rounding_)));
  }
  T flushed(T x) const { return x < flush_below_ && x > -flush_below_ ? T(0) : x; }
  const Rounding& rounding() const { return rounding_; }

 private:
  Rounding rounding_;
  T flush_below_ = 0;
};

/// T: float for accumulation in f32 or less, double for f64.
template <typename T>
class Machine {
 public:
  /// Keeps references to all.
  Machine(const Style& style, const Sabotage& sabotage, Random& random);

  T add(T a, T b) const { return vector_.add(a, b); }
  T mul(T a, T b) const { return vector_.mul(a, b); }
  T fma(T a, T b, T c) const { return vector_.fma(a, b, c); }
  T div(T a, T b) const { return vector_.div(a, b); }
  /// A number as it comes from memory.
  T loaded(double x) const { return vector_.flushed(static_cast<T>(x)); }
  T log(T x);
  T inverse(T x);

  /// e^x, 2^x, tanh x, as good or bad as the style has them. exp(0) is 1 in every implementation.
  T exp(T x);
  T exp2(T x);
  T tanh(T x);

  /// start + sum_i a[i] * b[i * stride], on the matrix unit. Shapes: a [n].
  T dot(const T* a, const T* b, std::size_t n, std::size_t stride, Sum how, int lanes, T start);
  /// start + sum of x, on the vector unit (kTensorCore: on the matrix unit, times 1).
  T sum(std::vector<T> x, Sum how, int lanes, T start);
  /// Onto one of several running sums.
  T product_onto(T a, T b, T c) const { return matrix_.fma(a, b, c); }
  /// The running sums of a lane, joined by a tree: x[0], x[stride], ... Shapes: `count` sums.
  T join(const T* x, std::size_t count, std::size_t stride, bool of_products) const;

 private:
  T sum_on(const Unit<T>& unit, std::vector<T>& x, Sum how, int lanes, T start);
  T tensor_core(const T* a, const T* b, std::size_t n, std::size_t stride, T start) const;
  /// Where in its error range a function ends up, in [-1, 1].
  double direction();
  T spoiled(long double exact, double argument);

  const Style& style_;
  const Sabotage& sabotage_;
  Random& random_;
  Unit<T> vector_, matrix_, functions_;
  std::vector<T> products_;
  int calls_ = 0;  ///< of functions that err
};

extern template class Machine<float>;
extern template class Machine<double>;

}  // namespace attest::tests
