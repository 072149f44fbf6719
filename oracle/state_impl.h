// Body of state.h. Included by definition.cc and definition_mp.cc only.
#pragma once

#include <cmath>
#include <cstddef>

#include "oracle/state.h"
#include "problem/special_values.h"

namespace attest::oracle {

template <typename Real>
Row<Real> merge(std::span<const Row<Real>> rows) {
  using std::exp, std::isfinite, std::isnan, std::log;
  const Real infinity = kInfinity;
  const Real nan = kNaN;

  Row<Real> result;
  result.lse = -infinity;
  if (rows.empty()) return result;
  result.o.assign(rows[0].o.size(), Real(0));
  bool any_nan = false;
  for (const Row<Real>& row : rows) {
    result.empty = result.empty && row.empty;
    any_nan = any_nan || isnan(row.lse);
    if (row.lse > result.lse) result.lse = row.lse;
  }
  const Real shift = result.lse;
  if (!any_nan && shift == -infinity) return result;  // nothing but identities
  if (any_nan || !isfinite(shift)) {
    result.o.assign(result.o.size(), nan);
    if (any_nan) result.lse = nan;
    return result;
  }

  Real l = 0;
  for (const Row<Real>& row : rows) {
    if (row.lse == -infinity) continue;  // whatever its o holds
    const Real weight = exp(row.lse - shift);
    l += weight;
    for (std::size_t d = 0; d < result.o.size(); ++d) result.o[d] += weight * row.o[d];
  }
  for (Real& o : result.o) o /= l;
  result.lse = shift + log(l);
  return result;
}

}  // namespace attest::oracle
