// Backward kernels as they are built in the wild, simulated with every choice open that an error
// bound must not depend on: order and shape of sums, scaling, exponentials, how D is made, splits,
// atomics. Correct by construction, so every excess over a bound is a mistake in the bound; or with
// one defect, which the bound must reveal.
#pragma once

#include <cstdint>

#include "oracle/expected.h"
#include "oracle/gradient_definition.h"
#include "problem/inputs.h"
#include "problem/numerics.h"
#include "problem/problem.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {

enum class TermOrder { kSequential, kReversed, kShuffled, kStrided, kPairwise, kTensorCore };

enum class GradientScaling {
  kScores,  ///< s * scale, e^(t - lse)
  kExp2,    ///< exp2(fma(s, c, -fl(lse * log2(e)))), c = scale * log2(e) where nothing is between
  kQuery,   ///< q * scale first (rounded to the type of q where declared), also for dK
};

enum class Defect {
  kNone,
  kNoCapSlope,      ///< dS without 1 - tanh^2
  kNoDelta,         ///< dT = P dP
  kNoLseGradient,   ///< dLSE ignored
  kNoSinkGradient,  ///< dsink left 0
  kNoSinkInLse,     ///< P recomputed as if there were no sink
  kOneHeadOfGroup,  ///< dK, dV of the first query head of each group
  kWrongScale,      ///< 2 % off
  kNoVShare,        ///< v_is_k_prefix: dK without the share of dV
};

/// One kernel.
struct GradientStyle {
  TermOrder dot = TermOrder::kSequential;   ///< of q.k, dO.v, dO.o
  TermOrder sums = TermOrder::kSequential;  ///< of dQ, dK, dV and the rest
  GradientScaling scaling = GradientScaling::kScores;
  bool fused = false;               ///< products and sums as one operation
  bool scale_last = false;          ///< dQ, dK scaled after the sum; else dS before it is rounded
  bool delta_from_p = false;        ///< D = sum_j P_j dP_j; else from the saved o
  bool lse_gradient_apart = false;  ///< (dP - sum dO o) + dLSE; else D = sum dO o - dLSE
  bool saved_softmax = false;       ///< P = e^(t - max) * (1 / l); else e^(t - lse)
  bool worst_exp = false;           ///< exp as bad as declared, random sign; else the C library's
  bool biased_exp = false;          ///< ... always the same sign
  bool tanh_of_exps = false;        ///< (e^x - e^-x) / (e^x + e^-x); else the C library's
  bool tanh_from_score = false;     ///< tanh read back as t / softcap
  bool flush = false;               ///< results below the smallest normal become 0
  bool scales_per_lane = false;     ///< dequantise each element; else scale scores and results
  bool heads_apart = false;         ///< dK, dV per query head, stored in part_dtype, then added
  std::int64_t parts = 1;           ///< of every sum, added in random order (atomics)
  double saved_reach = 0;     ///< saved o and lse are off by this share of their bound, random sign
  bool saved_biased = false;  ///< ... always the same sign
  problem::Accumulator accumulator = problem::Accumulator::kRoundToNearest;
  int product_bits = 24;             ///< significand bits of the matrix unit's accumulator
  int extra_bits = 0;                ///< ... and more of them while it adds
  bool declares_depth = false;       ///< of the matrix unit
  bool declares_subnormals = false;  ///< that they are kept, without `flush`
  problem::DType score_dtype = problem::DType::kF32;  ///< scores and dP are stored in this type
  problem::DType p_dtype = problem::DType::kF32;
  problem::DType part_dtype = problem::DType::kF64;
  bool q_prescaled = false;
  Defect defect = Defect::kNone;
};

/// A random kernel over float or double and the numerics it has to declare.
GradientStyle random_gradient_style(Random& random, problem::DType accumulate,
                                    problem::DType storage);
problem::Numerics numerics_of(const GradientStyle& style, problem::DType accumulate);

/// T: the accumulation type. `forward`: what expect_attend says with the same numerics; the saved o
/// and lse are drawn from it. Results are not yet rounded to an output type.
template <typename T>
oracle::Gradients<double> simulate_gradients(const RandomCase& c, const oracle::Upstream& upstream,
                                             const oracle::Expected& forward,
                                             const GradientStyle& style, Random& random);

}  // namespace attest::tests
