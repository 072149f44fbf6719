// How far the terms of the gradients of one query row may be off, in a kernel or in the oracle's
// own evaluation, and the sums over them. docs/gradients.md derives each formula. Internal to
// oracle/.
#pragma once

#include <vector>

#include "oracle/arithmetic.h"
#include "oracle/gradient_row.h"
#include "problem/dtype.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Changes whenever the same call would get other bounds.
inline constexpr int kGradientBoundVersion = 1;

/// The constants of a computation of gradients.
struct GradientArithmetic : Arithmetic {
  double p_largest = 0;  ///< what the type of P and dS can hold; 0: no smaller type
};
GradientArithmetic gradient_arithmetic(const problem::Numerics& numerics, problem::DType q_dtype);
/// Of gradient_row.cc and gradient_sums.cc.
GradientArithmetic gradient_reference_arithmetic();

/// What a row starts from: errors of the results of the forward pass.
struct SavedError {
  double lse = 0;    ///< of the saved lse, before storing it
  double sum_o = 0;  ///< sum_d |dO_d| * (error of the saved o_d)
};

/// Bounds on |computed - exact|; infinite where nothing can be said.
struct GradientRowError {
  std::vector<double> p;                  ///< [n] as dT uses it
  std::vector<double> d_p;                ///< [n]
  std::vector<double> x;                  ///< [n]
  std::vector<double> d_t;                ///< [n]
  std::vector<double> capped, cap_slope;  ///< [n]
  std::vector<double> d_s;                ///< [n]
  std::vector<double> stored_p;           ///< [n] rounded to the type of P: as dV uses it
  std::vector<double> stored_d_s;         ///< [n] scale * d_s, likewise: as dQ and dK use it
  double p_sink = 0;
  double sum_o = 0;
  double sink = 0;  ///< of p_sink * delta
};

/// Errors of one computation of the row, from its exact or from its computed terms: the formulas
/// hold from either side.
void row_errors(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                GradientRowError& error);

/// Turns computed terms, from p on, into upper bounds of their exact magnitudes.
void widen(GradientRow& row, const GradientRowError& own);

/// A sum of products in any order and any number of parts.
struct SumShape {
  bool matrix = true;          ///< made by the unit for matrix products
  double extra_roundings = 0;  ///< of each term or of the sum, beside the additions
  double operand_error = 0;    ///< relative error of the second factor of every product
  double operand_tiny = 0;     ///< absolute, per unit of the first
  double unit = 1;             ///< what 1 in the smallest representation used stands for, at most
  double gain = 1;             ///< by how much the terms may be larger while they are added
};

/// Sums over the terms of one element.
struct SumTerms {
  double count = 0;
  double size = 0;     ///< sum |term|, errors included
  double weights = 0;  ///< sum |first factor|, errors included
  double error = 0;    ///< sum of the errors of the terms
};

/// |computed sum - exact sum|; infinite where nothing can be said; 0 for a sum of no terms.
double sum_bound(const SumTerms& terms, const SumShape& shape, const GradientArithmetic& a);

/// Bound on a result of the forward pass after rounding it to `type` once more. `unit`: what 1 in
/// that type stands for.
double stored_error(double value, double error, problem::DType type, double unit);

}  // namespace attest::oracle
