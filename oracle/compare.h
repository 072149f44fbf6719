// The comparator: element by element, NaN-aware, in units of the bound. Never a norm over a tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "oracle/expected.h"
#include "problem/elements.h"
#include "problem/verdict.h"

namespace attest::oracle {

/// Elements inside their bound, but beyond the statistical bound: no failure, but worth a second
/// look.
struct Excess {
  std::int64_t count = 0;
  std::size_t first = 0;  ///< index of the first such element
  std::size_t worst = 0;  ///< index of the worst
  double error = 0;       ///< of the worst: signed, in units of its statistical bound
};

/// First and worst deviation of one tensor.
struct Deviation {
  std::string
      failure_class;      ///< "unwritten", "nan", "inf", "value", "bits", "structure"; empty: none
  std::size_t first = 0;  ///< index of the first bad element
  /// Worst |error| / bound over all elements that are numbers, also when none is bad; infinite when
  /// the first bad element is no number.
  double severity = 0;
  std::size_t worst = 0;                    ///< index of the worst element
  double expected = 0, got = 0, bound = 0;  ///< at `first` when bad, else at `worst`
  bool escalate = false;  ///< no failure, but an element is too close to call at this precision
  std::size_t escalate_at = 0;
  std::int64_t vacuous = 0;  ///< elements whose bound is infinite: they decide nothing
  Excess excess;             ///< compare() only
  bool bad() const { return !failure_class.empty(); }
};

/// Judges `got` against references: pass if |got - value| + ball <= bound, fail if |got - value| -
/// ball > bound, else escalate. The interval [value - bound, value + bound] is rounded to got's own
/// type first, so output rounding needs no slack. A finite reference met by NaN or an infinity
/// fails, unless its bound is infinite (the kernel may overflow): such an element decides nothing.
/// The unwritten marker fails always. +0 and -0 are equal. `scale`: what one unit of `got` stands
/// for (LSE in base 2: ln 2; quantised output: o_scale).
Deviation compare(const problem::Elements& got, std::span<const Reference> expected,
                  double scale = 1.0);

/// How far element i is beyond its statistical bound (or its bound, where that is smaller): the
/// signed error in units of it, above 1 in magnitude, or 0 when it is inside, not known or no
/// number. The interval is rounded to got's own type first and the ball is in favour of the kernel,
/// as in compare().
double excess(const problem::Elements& got, std::size_t i, const Reference& reference,
              double scale = 1.0);

/// Two kernels' (or one kernel's two) results for the same exact values: |a - b| <= bound_a +
/// bound_b (+ their rounding). Element i of a pairs with element map(i) of b (identity when empty).
/// `got` is a's element and `expected` b's.
Deviation compare_pair(const problem::Elements& a, std::span<const Reference> bounds_a,
                       const problem::Elements& b, std::span<const Reference> bounds_b,
                       double scale = 1.0, const std::function<std::size_t(std::size_t)>& map = {});

/// Like compare_pair, but bit for bit; two NaNs of any payload are equal, unless one is the
/// unwritten marker. +0 and -0 differ.
Deviation compare_bits(const problem::Elements& a, const problem::Elements& b);

}  // namespace attest::oracle
