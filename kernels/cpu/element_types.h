// The element types of a kernel. A kernel is a template over T, which is one of
//   float, double       everything is of this type
//   F16, BF16, ...      q, k, v and o are stored in it; everything else is f32
//   Mixed<Q, KV, O, P>  q, cache and output are stored in types of their own, and probabilities are
//                       rounded to P before they meet V; everything else is f32
#pragma once

#include "kernels/cpu/small_floats.h"

namespace attest::kernels::cpu {

template <typename Q, typename KV, typename O, typename P = float>
struct Mixed {};

template <typename T>
struct ElementTypes {
  using Query = T;
  using Cache = T;
  using Output = T;
  using Compute = float;
  using Probability = float;
};

template <>
struct ElementTypes<double> {
  using Query = double;
  using Cache = double;
  using Output = double;
  using Compute = double;
  using Probability = double;
};

template <typename Q, typename KV, typename O, typename P>
struct ElementTypes<Mixed<Q, KV, O, P>> {
  using Query = Q;
  using Cache = KV;
  using Output = O;
  using Compute = float;
  using Probability = P;
};

/// Sums, scores, exponentials, lse, running maxima, partial states in a workspace.
template <typename T>
using Compute = typename ElementTypes<T>::Compute;
template <typename T>
using Query = typename ElementTypes<T>::Query;
template <typename T>
using Cache = typename ElementTypes<T>::Cache;
template <typename T>
using Output = typename ElementTypes<T>::Output;
template <typename T>
using Probability = typename ElementTypes<T>::Probability;

/// What probabilities are multiplied with before they are rounded to P, and divided by after: 8-bit
/// types would lose those below 2^-9 otherwise.
template <typename P>
inline constexpr int kProbabilityScaleLog2 = sizeof(P) == 1 ? 8 : 0;

}  // namespace attest::kernels::cpu
