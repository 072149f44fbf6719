#include "tests/oracle/simulated/scores.h"

#include <cmath>

#include "oracle/visible.h"
#include "problem/special_values.h"
#include "tests/oracle/simulated/constants.h"

namespace attest::tests {

using problem::DType;
using problem::Problem;

template <typename T>
void Scores<T>::set_scales(const SimulatedCall& call, std::int64_t b, std::int64_t head) {
  const Problem& p = call.problem();
  const oracle::LogicalTensors& x = call.tensors();
  const bool plain =
      p.softcap == 0 && p.alibi_slopes.empty() && p.bias == problem::Bias::kNone && p.scale > 0;
  const bool exp2 = style_.scaling == Scaling::kFusedExp2 || style_.scaling == Scaling::kQueryExp2;
  scales_query_ = style_.scaling == Scaling::kQuery || style_.scaling == Scaling::kQueryExp2;
  scale_ = static_cast<T>(p.scale * sabotage_.scale_factor);
  if (!style_.scales_per_lane)
    scale_ = scale_ * static_cast<T>(x.q_scale(b, head)) * static_cast<T>(x.k_scale(b, head));
  k_scale_ = static_cast<T>(x.k_scale(b, head));
  unit_ = {.base_2 = plain && exp2,
           .fused = plain && style_.scaling == Scaling::kFusedExp2,
           .scale = scale_,
           .factor = scale_ * kLog2E<T>};
}

template <typename T>
void Scores<T>::load_query(const SimulatedCall& call, std::int64_t b, std::int64_t head,
                           std::int64_t row) {
  const Problem& p = call.problem();
  const double* q = call.q(b, head, row);
  const auto q_scale = static_cast<T>(call.tensors().q_scale(b, head));
  q_.resize(static_cast<std::size_t>(p.head_dim_qk));
  for (std::size_t d = 0; d < q_.size(); ++d) {
    T lane = machine_.loaded(q[d]);
    if (style_.scales_per_lane) lane = machine_.mul(lane, q_scale);
    if (scales_query_) lane = machine_.mul(lane, unit_.base_2 ? unit_.factor : scale_);
    if (style_.q_prescaled)
      lane = static_cast<T>(problem::round_to(p.q_dtype, static_cast<double>(lane)));
    q_[d] = lane;
  }
}

/// The score as it is kept after this stage.
template <typename T>
T Scores<T>::stored(T score, ScoreStore stage) const {
  if (style_.score_store != stage && style_.score_store != ScoreStore::kEvery) return score;
  return static_cast<T>(problem::round_to(style_.score_dtype, static_cast<double>(score)));
}

template <typename T>
T Scores<T>::score(const SimulatedCall& call, std::int64_t b, std::int64_t head, std::int64_t row,
                   std::int64_t key) {
  const Problem& p = call.problem();
  const double* k = call.k(b, head, key);
  k_.resize(q_.size());
  for (std::size_t d = 0; d < k_.size(); ++d) {
    k_[d] = machine_.loaded(k[d]);
    if (style_.scales_per_lane) k_[d] = machine_.mul(k_[d], k_scale_);
  }
  T s = machine_.dot(q_.data(), k_.data(), q_.size(), 1, style_.dot, style_.dot_lanes, 0);
  s = stored(s, ScoreStore::kProduct);
  if (!scales_query_ && !unit_.fused) s = stored(machine_.mul(s, scale_), ScoreStore::kScaled);
  if (p.softcap > 0) {
    const T cap = static_cast<T>(p.softcap);
    s = cap * machine_.tanh(style_.reciprocal ? machine_.mul(s, 1 / cap) : s / cap);
  }
  if (!p.alibi_slopes.empty()) {
    const T slope = static_cast<T>(call.tensors().alibi_slope(head));
    const std::int64_t distance =
        oracle::query_position(p, b, row) - oracle::key_position(p, b, key);
    s = machine_.add(s, -machine_.mul(slope, static_cast<T>(std::abs(distance))));
  }
  if (p.bias != problem::Bias::kNone)
    s = machine_.add(s, static_cast<T>(call.tensors().bias(b, head, row, key)));
  s = stored(s, ScoreStore::kFinal);
  if (sabotage_.bf16_scores)
    s = static_cast<T>(problem::round_to(DType::kBF16, static_cast<double>(s)));
  return s;
}

template <typename T>
LoadedRow<T> Scores<T>::load(const SimulatedCall& call, std::int64_t b, std::int64_t head,
                             std::int64_t row, const std::optional<problem::Range>& keys) {
  const Problem& p = call.problem();
  const oracle::LogicalTensors& x = call.tensors();
  set_scales(call, b, head);
  load_query(call, b, head, row);

  const std::int64_t kv_len = p.sequences[static_cast<std::size_t>(b)].kv_len;
  const problem::Range range = keys.value_or(problem::Range{.begin = 0, .end = kv_len});
  const auto v_scale = static_cast<T>(x.v_scale(b, head));
  LoadedRow<T> loaded{.unit = unit_,
                      .width = static_cast<std::size_t>(p.head_dim_v),
                      .v_scale = style_.scales_per_lane ? T(1) : v_scale,
                      .range = range.end - range.begin,
                      .sink = keys ? -kInfinity : x.sink(head)};
  for (std::int64_t j = range.begin; j < range.end; ++j) {
    const bool hidden = !oracle::visible(p, b, row, j) || x.bias(b, head, row, j) == -kInfinity;
    const bool leaks = j == sabotage_.leaking_key;
    if (j == sabotage_.dropped_key) continue;
    if (hidden && j != sabotage_.revealed_key && !leaks) continue;
    loaded.scores.push_back(leaks ? static_cast<T>(-kInfinity) : score(call, b, head, row, j));
    loaded.keys.push_back(j - range.begin);
    const double* v = call.v(b, head, j);
    for (std::size_t d = 0; d < loaded.width; ++d) {
      const T lane = machine_.loaded(v[d]);
      loaded.values.push_back(style_.scales_per_lane ? machine_.mul(lane, v_scale) : lane);
    }
  }
  return loaded;
}

template class Scores<float>;
template class Scores<double>;

}  // namespace attest::tests
