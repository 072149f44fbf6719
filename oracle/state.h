// The attention state of a set of keys and its merge: a commutative monoid with identity (0, -inf).
#pragma once

#include <span>
#include <vector>

#include "oracle/definition.h"

namespace attest::oracle {

/// Merges rows over disjoint key sets, each as (o normalised, lse). Empty rows are the identity.
/// o = sum_s exp(lse_s - lse) o_s,  lse = ln sum_s exp(lse_s). Error: that of Real's exp, log and
/// sums.
template <typename Real>
Row<Real> merge(std::span<const Row<Real>> rows);

}  // namespace attest::oracle
