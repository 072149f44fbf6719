// What a kernel's gradients must be, with an error ball of the reference and the kernel's own error
// bound, per element. Evaluated in double: for kernels that accumulate in f64 the ball is not far
// below the bound, and refine_gradients() decides. docs/gradients.md.
#pragma once

#include "oracle/expected.h"
#include "oracle/gradient_definition.h"
#include "problem/inputs.h"
#include "problem/numerics.h"
#include "problem/problem.h"

namespace attest::oracle {

using ExpectedGradients = Gradients<Reference>;

/// Reference and bound of every element of the gradients, for a backward kernel with these
/// numerics, judged with compare(). The kernel saves o (in o_dtype) and lse of a forward pass with
/// the same numerics and recomputes P from lse; any order of summation, atomics included. P and dS
/// are rounded to p_dtype before they are multiplied with dO, k and q. A bound of exactly 0 means
/// that nothing contributes: the kernel must write 0.
/// Structure: an element that anything non-finite contributes to, or that may overflow, is vacuous
/// (bound infinite). Hidden keys contribute nothing, whatever they hold.
/// Throws: ContractError, as differentiate().
ExpectedGradients expect_gradients(const problem::Problem& problem, const problem::Inputs& inputs,
                                   const Upstream& upstream, const problem::Numerics& numerics);

/// The same references with the values of the definition at 50 digits, rounded to two doubles;
/// bounds stay, vacuous elements too.
void refine_gradients(const problem::Problem& problem, const problem::Inputs& inputs,
                      const Upstream& upstream, ExpectedGradients& expected);

}  // namespace attest::oracle
