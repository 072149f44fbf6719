#include "oracle/rescales.h"

namespace attest::oracle {
namespace {

constexpr double kLargestStep = 0.25;  // nats: 20 of them reach down to weights of e^-5

}  // namespace

double Ranks::of(double t) const {
  // The largest threshold that is still at or below t - slack.
  for (int i = 0; i < kSteps; ++i) {
    if (top - (i + 1) * step <= t - slack) return count[i];
  }
  return count[kSteps];
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
  for (int i = 0; i < Ranks::kSteps; ++i) {
    const double threshold = ranks.top - (i + 1) * ranks.step;
    double count = row.has_sink ? 1 : 0;
    for (const double score : t) count += score >= threshold ? 1 : 0;
    ranks.count[i] = count;
  }
  ranks.count[Ranks::kSteps] = row.count;
  return ranks;
}

}  // namespace attest::oracle
