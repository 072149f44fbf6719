// Shorter heads: both dimensions together, then each alone where they differ; single lanes of
// contents that are written out.
#include <algorithm>
#include <cstdint>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

namespace {

constexpr std::int64_t kMostSingleLanes = 8;

}  // namespace

Proposals smaller_head_dims(const problem::Case& base) {
  const std::int64_t qk = base.problem().head_dim_qk;
  const std::int64_t v = base.problem().head_dim_v;
  const std::int64_t longer = std::max(qk, v);
  Proposals result;
  for (const std::int64_t dim : size_ladder(longer, 1)) {
    result.push_back(with_head_dims(base, std::min(qk, dim), std::min(v, dim)));
  }
  if (qk != v) {  // otherwise one alone would be a new feature
    // Equal dimensions are a feature less, even where that makes one longer.
    result.push_back(with_head_dims(base, qk, qk));
    result.push_back(with_head_dims(base, v, v));
    for (const std::int64_t dim : size_ladder(qk, 1)) {
      result.push_back(with_head_dims(base, dim, v));
    }
    for (const std::int64_t dim : size_ladder(v, 1)) {
      result.push_back(with_head_dims(base, qk, dim));
    }
  }
  if (base.values.overrides.empty() || longer == 1 || longer > kMostSingleLanes) return result;
  for (std::int64_t lane = 0; lane < longer; ++lane) {
    result.push_back(without_lane(base, lane, true, true));
    if (qk == v) continue;
    result.push_back(without_lane(base, lane, true, false));
    result.push_back(without_lane(base, lane, false, true));
  }
  return result;
}

}  // namespace attest::shrinkers
