#include "tests/oracle/defects.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "oracle/visible.h"

namespace attest::tests {

namespace {

constexpr DefectInfo kDefects[] = {
    {Defect::kNone, "none (false alarms)"},
    {Defect::kDroppedLastKey, "dropped last key"},
    {Defect::kMaskOffByOne, "mask off by one", true},
    {Defect::kScale1e4, "scale off by 1e-4"},
    {Defect::kScale1e2, "scale off by 1e-2"},
    {Defect::kScale2e2, "scale off by 2e-2"},
    {Defect::kRescale1e3, "rescale factor off by 1e-3"},
    {Defect::kRescale1e4, "rescale factor off by 1e-4"},
    {Defect::kAccRescale1e3, "rescale of outputs only off by 1e-3"},
    {Defect::kAccRescale1e4, "rescale of outputs only off by 1e-4"},
    {Defect::kLRescale1e3, "rescale of the denominator only off by 1e-3"},
    {Defect::kRescaleSkipped, "rescale of outputs skipped above 0.95"},
    {Defect::kF16Sums, "f16 accumulation"},
    {Defect::kBF16Scores, "scores rounded to bf16"},
    {Defect::kExpRipple, "exp with a ripple of 1e-4"},
    {Defect::kHeavyKey, "one key's weight 5 % too large"},
    {Defect::kLeak1e3, "masked key leaks a weight of 1e-3", true},
    {Defect::kLeak1e5, "masked key leaks a weight of 1e-5", true},
    {Defect::kZeros, "zeros"},
    {Defect::kMeanOfV, "mean of V"},
};

constexpr std::int64_t kHeavyKeyIndex = 63;  // the last one of its tile

Sabotage sabotage_of(Defect defect, std::int64_t last_key, std::int64_t hidden_key) {
  Sabotage s;
  switch (defect) {
    case Defect::kDroppedLastKey:
      s.dropped_key = last_key;
      break;
    case Defect::kMaskOffByOne:
      s.revealed_key = hidden_key;
      break;
    case Defect::kScale1e4:
      s.scale_factor = 1 + 1e-4;
      break;
    case Defect::kScale1e2:
      s.scale_factor = 1 + 1e-2;
      break;
    case Defect::kScale2e2:
      s.scale_factor = 1 + 2e-2;
      break;
    case Defect::kRescale1e3:
      s.acc_rescale = s.l_rescale = 1 + 1e-3;
      break;
    case Defect::kRescale1e4:
      s.acc_rescale = s.l_rescale = 1 + 1e-4;
      break;
    case Defect::kAccRescale1e3:
      s.acc_rescale = 1 + 1e-3;
      break;
    case Defect::kAccRescale1e4:
      s.acc_rescale = 1 + 1e-4;
      break;
    case Defect::kLRescale1e3:
      s.l_rescale = 1 + 1e-3;
      break;
    case Defect::kRescaleSkipped:
      s.skip_rescale_above = 0.95;
      break;
    case Defect::kF16Sums:
      s.f16_sums = true;
      break;
    case Defect::kBF16Scores:
      s.bf16_scores = true;
      break;
    case Defect::kExpRipple:
      s.exp_ripple = 1e-4;
      break;
    case Defect::kHeavyKey:
      s.heavy_key = std::min(kHeavyKeyIndex, last_key);
      s.heavy = 1.05;
      break;
    case Defect::kLeak1e3:
      s.leaking_key = hidden_key;
      s.leak = 1e-3;
      break;
    case Defect::kLeak1e5:
      s.leaking_key = hidden_key;
      s.leak = 1e-5;
      break;
    case Defect::kNone:
    case Defect::kZeros:
    case Defect::kMeanOfV:
      break;
  }
  return s;
}

/// Outputs that have nothing to do with the scores: o is `value(head, lane)`, lse is ln n.
template <typename Value>
SimulatedOutputs without_scores(SimulatedOutputs outputs, const SimulatedCall& call, Value value) {
  const problem::Problem& p = call.problem();
  const auto count = static_cast<double>(p.sequences[0].kv_len);
  for (std::size_t i = 0; i < outputs.lse.size(); ++i) {
    outputs.lse.set(i, std::log(count));
    const std::int64_t head = static_cast<std::int64_t>(i) % p.num_q_heads;
    for (std::int64_t d = 0; d < p.head_dim_v; ++d) {
      const auto element =
          static_cast<std::size_t>(static_cast<std::int64_t>(i) * p.head_dim_v + d);
      outputs.o.set(element, value(head, d));
    }
  }
  return outputs;
}

double mean_of_v(const SimulatedCall& call, std::int64_t head, std::int64_t lane) {
  const std::int64_t count = call.problem().sequences[0].kv_len;
  double sum = 0;
  double seen = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    if (!oracle::visible(call.problem(), 0, 0, j)) continue;
    sum += call.v(0, head, j)[lane];
    ++seen;
  }
  return sum / seen;
}

}  // namespace

std::span<const DefectInfo> all_defects() { return kDefects; }

const DefectInfo& info_of(Defect defect) {
  return *std::find_if(std::begin(kDefects), std::end(kDefects),
                       [defect](const DefectInfo& info) { return info.defect == defect; });
}

SimulatedOutputs simulate_defect(const SimulatedCall& call, const Style& style, Defect defect,
                                 std::int64_t hidden_key, Random& random) {
  const std::int64_t last_key = call.problem().sequences[0].kv_len - 1;
  SimulatedOutputs outputs =
      simulate_call(call, style, random, {}, sabotage_of(defect, last_key, hidden_key));
  if (defect == Defect::kZeros)
    return without_scores(outputs, call, [](std::int64_t, std::int64_t) { return 0.0; });
  if (defect == Defect::kMeanOfV) {
    return without_scores(outputs, call, [&call](std::int64_t head, std::int64_t lane) {
      return mean_of_v(call, head, lane);
    });
  }
  return outputs;
}

}  // namespace attest::tests
