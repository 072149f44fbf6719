// Which backward kernels are simulated, and what they declare.
#include "tests/oracle/gradient_machine.h"
#include "tests/oracle/simulated_gradient.h"

namespace attest::tests {

using problem::Accumulator;
using problem::DType;

GradientStyle random_gradient_style(Random& random, DType accumulate, DType storage) {
  GradientStyle s;
  s.dot = static_cast<TermOrder>(random.between(0, 4));
  s.sums = static_cast<TermOrder>(random.between(0, 4));
  s.scaling = static_cast<GradientScaling>(random.between(0, 2));
  s.fused = random.chance(50);
  s.scale_last = random.chance(50);
  s.delta_from_p = random.chance(30);
  s.lse_gradient_apart = random.chance(50);
  s.saved_softmax = random.chance(20);
  s.worst_exp = random.chance(50);
  s.biased_exp = random.chance(50);
  s.tanh_of_exps = random.chance(30);
  s.tanh_from_score = random.chance(40);
  s.flush = random.chance(30);
  s.scales_per_lane = random.chance(50);
  s.heads_apart = random.chance(40);
  s.parts = random.chance(50) ? 1 : random.between(2, 5);
  s.saved_reach = random.one_of({0.0, 0.5, 0.99});
  s.saved_biased = random.chance(50);
  s.declares_subnormals = !s.flush && random.chance(50);
  s.p_dtype = s.score_dtype = accumulate;
  if (accumulate != DType::kF32) return s;
  if (random.chance(15)) s.accumulator = Accumulator::kTruncating;
  if (random.chance(15)) {
    s.accumulator = Accumulator::kAlignedTruncating;
    s.dot = s.sums = TermOrder::kTensorCore;
    s.declares_depth = random.chance(50);
    s.product_bits = random.chance(30) ? 14 : 24;
    s.extra_bits = random.chance(30) ? 3 : 0;
  }
  if (random.chance(40)) s.p_dtype = random.one_of({DType::kF16, DType::kBF16, DType::kE4M3});
  if (random.chance(15)) s.score_dtype = random.one_of({DType::kF16, DType::kBF16});
  if (s.heads_apart && random.chance(50)) s.part_dtype = storage;
  s.q_prescaled = random.chance(15);
  if (s.q_prescaled) s.scaling = GradientScaling::kQuery;
  return s;
}

problem::Numerics numerics_of(const GradientStyle& style, DType accumulate) {
  problem::Numerics n = problem::generic_numerics(accumulate);
  n.score_dtype = style.score_dtype;
  n.accumulator = style.accumulator;
  n.p_dtype = style.p_dtype;
  n.part_dtype = style.part_dtype;
  n.q_prescaled = style.q_prescaled;
  n.keeps_subnormals = style.declares_subnormals;
  if (style.product_bits < 24) n.product_bits = style.product_bits;
  n.mma_extra_bits = style.extra_bits;
  if (style.declares_depth) n.mma_depth = kMatrixDepth;
  return n;
}

}  // namespace attest::tests
