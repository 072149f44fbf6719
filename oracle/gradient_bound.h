// How far the terms of the gradients of one query row may be off, in a kernel or in the oracle's
// own evaluation. docs/gradients.md derives each formula. Internal to oracle/.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/arithmetic.h"
#include "problem/dtype.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Changes whenever the same call would get other bounds.
inline constexpr int kGradientBoundVersion = 1;

/// The constants of a computation of gradients.
struct GradientArithmetic : Arithmetic {
  double p_largest = 0;  ///< what the type of P can hold; 0: no smaller type
};
GradientArithmetic gradient_arithmetic(const problem::Numerics& numerics, problem::DType q_dtype);
GradientArithmetic gradient_reference_arithmetic();

/// One query row of one head over its n visible keys, with the letters of docs/gradients.md. Values
/// as evaluated; widen() makes those from `p` on upper bounds of the exact magnitudes.
struct GradientRow {
  std::int64_t head_dim_qk = 0, head_dim_v = 0;
  double scale = 1;
  double softcap = 0;
  int num_scales = 0;  ///< how many of q, k and v carry a quantisation scale
  double gain = 1;     ///< operands stored instead of meant may be larger or smaller by this factor
  double fold = 1;     ///< by how much d_s may be larger than what is rounded in its place
  double sum_abs_q = 0;   ///< sum_d |q_d|
  double sum_abs_k = 0;   ///< the largest sum_d |k_jd|
  double sum_abs_do = 0;  ///< sum_d |dO_d|
  double sum_abs_v = 0;   ///< the largest sum_d |v_jd|
  bool biased = false;    ///< ALiBi or an additive bias

  std::vector<double> s;      ///< [n] scaled dot product
  std::vector<double> abs_s;  ///< [n] |scale| * sum_d |q_d k_jd|
  std::vector<double> bias;   ///< [n] |ALiBi term| + |additive bias|
  std::vector<double> t;      ///< [n] score
  double lse = 0;
  bool has_sink = false;
  double sink = 0;

  std::vector<double> p;          ///< [n] e^(t - lse)
  std::vector<double> d_p;        ///< [n] sum_d dO_d v_jd
  std::vector<double> abs_d_p;    ///< [n] sum_d |dO_d v_jd|
  std::vector<double> x;          ///< [n] d_p - delta
  std::vector<double> d_t;        ///< [n] p * x, the gradient of the score
  std::vector<double> capped;     ///< [n] tanh(s / softcap); 0 without softcap
  std::vector<double> cap_slope;  ///< [n] 1 - capped^2
  std::vector<double> d_s;        ///< [n] d_t * cap_slope
  double p_sink = 0;              ///< e^(sink - lse)
  double sum_o = 0;               ///< sum_d dO_d o_d
  double abs_sum_o = 0;           ///< sum_d |dO_d o_d|
  double d_lse = 0;               ///< upstream gradient of lse
  double delta = 0;               ///< sum_o - d_lse

  /// Makes every member of [n] that long.
  void resize(std::size_t n);
};

/// What the row starts from: errors of the results of the forward pass.
struct SavedError {
  double lse = 0;    ///< of the saved lse, before storing it
  double sum_o = 0;  ///< sum_d |dO_d| * (error of the saved o_d)
};

/// Bounds on |computed - exact|; infinite where nothing can be said.
struct GradientRowError {
  std::vector<double> p;                  ///< [n] as d_t uses it
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

/// Errors of one computation of the row. Evaluated from the exact or from the computed magnitudes:
/// the formulas hold from either side.
void row_errors(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                GradientRowError& error);

/// Adds the errors of the evaluation to the magnitudes it evaluated.
void widen(GradientRow& row, const GradientRowError& own);

/// Error of a sum of `terms` products in any order and any number of parts.
struct SumShape {
  bool matrix = true;          ///< made by the unit for matrix products
  double extra_roundings = 0;  ///< of each term or of the sum, beside the additions
  double operand_error = 0;    ///< relative error of the second factor of every product
  double operand_tiny = 0;     ///< absolute, per unit of the first
  double unit = 1;             ///< what 1 in the smallest representation used stands for, at most
  double gain = 1;             ///< by how much the terms may be larger while they are added
};

/// `size`: sum of |terms|, with their errors; `weights`: sum of the |first factors|; `error`: sum
/// of the errors of the terms.
double sum_bound(double terms, double size, double weights, double error, const SumShape& shape,
                 const Arithmetic& a);

/// Bound on an o or lse that was rounded to `type` once more. `unit`: what 1 in it stands for.
double stored_error(double value, double error, problem::DType type, double unit);

}  // namespace attest::oracle
