#include "bench/policies/accept.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/policies/reference.h"

namespace attest::bench {
namespace {

using Values = std::vector<double>;

Values rounded(Values values, problem::DType type) {
  for (double& x : values) x = problem::round_to(type, x);
  return values;
}

Values values_of(const problem::Elements& elements, problem::DType type) {
  Values out;
  for (std::size_t i = 0; i < elements.size(); ++i)
    out.push_back(problem::round_to(type, elements.value(i)));
  return out;
}

bool all_close(const Values& got, const Values& reference, double atol, double rtol) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == reference[i]) continue;
    if (!(std::abs(got[i] - reference[i]) <= atol + rtol * std::abs(reference[i]))) return false;
  }
  return true;
}

struct Errors {
  double max = 0, mean = 0;  ///< NaN when any is
};

Errors errors_of(const Values& values, const Values& exact) {
  Errors out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = std::abs(values[i] - exact[i]);
    if (std::isnan(error)) return {error, error};
    out.max = std::max(out.max, error);
    out.mean += error / static_cast<double>(values.size());
  }
  return out;
}

double nmse(const Values& got, const Values& reference) {
  double error = 0, square = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += (got[i] - reference[i]) * (got[i] - reference[i]);
    square += got[i] * got[i];
  }
  return error / square;
}

bool accepts_output(const Policy& policy, const PolicyCase& drawn, const Values& got,
                    const Values& exact) {
  const TypeRule& rule = *drawn.rule;
  const auto low = [&] {
    return low_precision_attention(drawn.scene.problem, drawn.scene.inputs, rule.q,
                                   policy.scales_keys);
  };
  switch (rule.rule) {
    case Rule::kMaxTimes:
      return errors_of(got, exact).max <= rule.factor * errors_of(low(), exact).max;
    case Rule::kMeanTimes:
      return errors_of(got, exact).mean <= rule.factor * errors_of(low(), exact).mean;
    case Rule::kNmse:
      return nmse(got, exact) <= rule.factor;
    case Rule::kAllclose:
      break;
  }
  Values reference = exact;
  if (policy.reference == Reference::kRounded) reference = rounded(exact, rule.o);
  if (policy.reference == Reference::kLowPrecision) reference = low();
  return all_close(got, reference, rule.atol, rule.rtol);
}

}  // namespace

bool accepts(const Policy& policy, const PolicyCase& drawn, const properties::Outputs& got,
             double lse_unit) {
  const problem::Problem& problem = drawn.scene.problem;
  const Dense exact = exact_attention(problem, drawn.scene.inputs);
  if (!accepts_output(policy, drawn, values_of(got.o, drawn.rule->o), exact.o)) return false;
  const bool plain = !problem.mask.causal && problem.bias == problem::Bias::kNone;
  if (!policy.lse_atol || !plain || got.lse.size() == 0) return true;
  Values lse = values_of(got.lse, got.lse.type());
  for (double& x : lse) x *= lse_unit;
  return all_close(lse, exact.lse, *policy.lse_atol, policy.lse_rtol);
}

}  // namespace attest::bench
