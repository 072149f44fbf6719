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

/// Two kernels' (or one kernel's two) results for the same exact values: |a - b| <= bound_a +
/// bound_b (+ their rounding). Element i of a pairs with element map(i) of b (identity when empty).
Deviation compare_pair(const problem::Elements& a, std::span<const Reference> bounds_a,
                       const problem::Elements& b, std::span<const Reference> bounds_b,
                       double scale = 1.0, const std::function<std::size_t(std::size_t)>& map = {});

/// Like compare_pair, `got` is a's element and `expected` b's.
/// Bit for bit; two NaNs of any payload are equal, unless one is the unwritten marker. +0 and -0
/// differ.
Deviation compare_bits(const problem::Elements& a, const problem::Elements& b);

}  // namespace attest::oracle
