// What a kernel's outputs must be, with an error ball of the reference itself and the kernel's own
// error bound, per element. Computed in the smallest arithmetic whose ball is far below the bound:
// certified double for kernels that accumulate in f32 or less, double-double for f64 kernels.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "problem/elements.h"
#include "problem/inputs.h"
#include "problem/numerics.h"
#include "problem/plan.h"
#include "problem/problem.h"
#include "problem/special_values.h"
#include "problem/verdict.h"

namespace attest::oracle {

/// Reference value of one element: finite, or what it has to be. kNonFinite: NaN or an infinity of
/// either sign, where a non-finite visible input makes an infinity that a kernel may meet as inf -
/// inf or 0 * inf on its way.
enum class Kind : std::uint8_t { kFinite, kPlusInf, kMinusInf, kNaN, kNonFinite };

struct Reference {
  double value = 0;  ///< when finite; value + low is the reference, |low| <= ulp(value) / 2
  double low = 0;
  double ball = 0;   ///< |value + low - exact| is at most this
  double bound = 0;  ///< |kernel - exact| of a correct kernel is at most this, before rounding to
                     ///< the output type
  /// The same for roundings that behave like independent random numbers: more than this is no
  /// failure, but worth a second look. Infinite: nothing is known.
  double statistical = kInfinity;
  Kind kind = Kind::kFinite;
};

/// All elements of one call. o [total_q, num_q_heads, head_dim_v]; lse [total_q, num_q_heads].
struct Expected {
  std::vector<Reference> o;
  std::vector<Reference> lse;
};

struct ExpectOptions {
  /// Per sequence the keys of a partial state (attend_partial); empty: all keys. A sink is left out
  /// of a partial.
  std::vector<problem::Range> keys;
  /// Merges of normalised states that the tester itself makes on top of what the kernel declares.
  int extra_merge_levels = 0;
  bool statistical = true;  ///< statistical bounds, too; without them bounds cost half as much
};

/// Reference and bound of every element of attend (or attend_partial) for a kernel with these
/// numerics.
Expected expect_attend(const problem::Problem& problem, const problem::Inputs& inputs,
                       const problem::Numerics& numerics, const ExpectOptions& options = {});

/// Merge of given states. States[s] = (o [rows, head_dim_v], lse [rows]); rows = total_q *
/// num_q_heads. The states are taken as exact; the bound is that of one merge step over them.
struct StateView {
  const problem::Elements* o;
  const problem::Elements* lse;
};
Expected expect_merge(std::int64_t rows, std::int64_t head_dim_v,
                      const std::vector<StateView>& states, const problem::Numerics& numerics);

/// The same reference from the multiprecision definition, for one row (query row of one head);
/// bounds are copied. `flat_row` = (first_row(b) + row) * num_q_heads + head.
void refine_row(const problem::Problem& problem, const problem::Inputs& inputs,
                const ExpectOptions& options, std::int64_t flat_row, Expected& expected);

}  // namespace attest::oracle
