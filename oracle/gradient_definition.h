// The definition of the gradients of an attention call, as one short template over the number type.
// Tested against high-precision finite differences of definition.h.
#pragma once

#include <vector>

#include "problem/elements.h"
#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::oracle {

/// Changes whenever the definition would give other results.
inline constexpr int kGradientDefinitionVersion = 1;

/// The gradient of a loss with respect to the outputs of a call, o as it is meant: not divided by
/// o_scale.
struct Upstream {
  problem::Elements o;    ///< [total_q, num_q_heads, head_dim_v]
  problem::Elements lse;  ///< [total_q, num_q_heads], or empty: the loss does not look at lse
};

/// The gradient of the same loss with respect to the inputs. Quantisation scales are constants: q,
/// k and v are the values meant (scale * stored). So are the softmax scale and the softcap.
/// With v_is_k_prefix V is part of K, and k holds the gradient of both.
template <typename Value>
struct Gradients {
  std::vector<Value> q;      ///< [total_q, num_q_heads, head_dim_qk]
  std::vector<Value> k;      ///< [total_kv, num_kv_heads, head_dim_qk]
  std::vector<Value> v;      ///< [total_kv, num_kv_heads, head_dim_v], or empty with v_is_k_prefix
  std::vector<Value> bias;   ///< as Inputs::bias
  std::vector<Value> sink;   ///< [num_q_heads], or empty without sinks
  std::vector<Value> slope;  ///< [num_q_heads], or empty without ALiBi
};

/// The gradients of loss = sum upstream.o * o + sum upstream.lse * lse. A row that sees no key and
/// has no sink does not count: its o is 0 and its lse -inf whatever the inputs are.
/// Everything visible is finite; else NaN comes out somewhere.
/// Throws: ContractError if `upstream` has other shapes than the outputs of `problem`.
template <typename Real>
Gradients<Real> differentiate(const problem::Problem& problem, const problem::Inputs& inputs,
                              const Upstream& upstream);

// Instantiated in gradient_definition.cc (double) and gradient_definition_mp.cc (Mp).

/// Throws: ContractError, as differentiate.
void check_shapes(const problem::Problem& problem, const Upstream& upstream);

}  // namespace attest::oracle
