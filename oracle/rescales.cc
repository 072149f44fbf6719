#include "oracle/rescales.h"

namespace attest::oracle {
namespace {

constexpr double kLargestStep = 0.25;  // nats: 20 of them reach down to weights of e^-5

}  // namespace

double Ranks::of(double t) const {
  // The largest threshold that is still at or below t - slack.
  return count[step_at(t - slack)];
}

int Ranks::step_at(double score) const {
  const auto threshold = [&](int i) { return top - (i + 1) * step; };
  int i = 0;
  // A guess by division is at most one off; thresholds decide.
  if (const double steps = (top - score) / step; steps > 2) {
    i = steps < kSteps ? static_cast<int>(steps) - 2 : kSteps - 2;
    while (i > 0 && threshold(i - 1) <= score) --i;
  }
  while (i < kSteps && !(threshold(i) <= score)) ++i;
  return i;
}

double rank_step(double max_t, double min_t) {
  return std::min(kLargestStep, (max_t - min_t) / Ranks::kSteps);
}

double rank_slack(const Arithmetic& a, double max_delta) { return 2 * max_delta + a.lazy; }

Ranks rank_scores(std::span<const double> t, const RowShape& row, const Arithmetic& a,
                  double max_delta) {
  Ranks ranks{.top = row.max_t, .slack = rank_slack(a, max_delta)};
  double lowest = row.max_t;
  for (const double score : t) lowest = std::min(lowest, score);
  ranks.step = rank_step(row.max_t, lowest);
  // A score reaches the first threshold that is not above it, and all after that.
  for (const double score : t) ranks.count[ranks.step_at(score)] += 1;
  ranks.count[0] += row.has_sink ? 1 : 0;
  for (int i = 1; i < Ranks::kSteps; ++i) ranks.count[i] += ranks.count[i - 1];
  ranks.count[Ranks::kSteps] = row.count;
  return ranks;
}

}  // namespace attest::oracle
