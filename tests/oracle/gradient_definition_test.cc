// The definition of the gradients against finite differences of the definition of attention, at 50
// digits.
#include "oracle/gradient_definition.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/definition.h"
#include "oracle/mp.h"
#include "tests/oracle/gradient_case.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;
using problem::Problem;
using tests::Data;
using tests::Random;
using tests::random_case;
using tests::random_upstream;
using tests::RandomCase;
using tests::UpstreamKind;

/// sum upstream.o * o + sum upstream.lse * lse, at 50 digits.
Mp loss_of(const Problem& problem, const problem::Inputs& inputs, const Upstream& upstream) {
  Mp loss = 0;
  std::size_t row = 0;
  for (const Row<Mp>& output : attend<Mp>(problem, inputs)) {
    for (std::size_t d = 0; d < output.o.size(); ++d) {
      loss += Mp(upstream.o.value(row * output.o.size() + d)) * output.o[d];
    }
    if (upstream.lse.size() > 0 && isfinite(output.lse)) {
      loss += Mp(upstream.lse.value(row)) * output.lse;
    }
    ++row;
  }
  return loss;
}

/// Central difference over seven points: its error is step^6 / 140 of the seventh derivative.
Mp difference(const std::function<Mp(double)>& loss) {
  constexpr double kStep = 0x1p-18;
  const auto odd = [&](double steps) -> Mp { return loss(steps * kStep) - loss(-steps * kStep); };
  return (45 * odd(1) - 9 * odd(2) + odd(3)) / (60 * Mp(kStep));
}

/// The same numbers as f64 with few digits, so that a step away from one is exact.
Elements short_numbers(const Elements& elements) {
  Elements result(DType::kF64, elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const double value = elements.value(i);
    result.set(i, std::isfinite(value) ? std::round(value * 0x1p12) * 0x1p-12 : value);
  }
  return result;
}

class FiniteDifferences {
 public:
  FiniteDifferences(std::uint64_t seed, UpstreamKind kind) : random_(seed) {
    RandomCase c =
        random_case(seed, Data::kNormal, {.dtype = DType::kF64, .max_tokens = 5, .max_dim = 3});
    problem_ = c.problem;
    for (double& slope : problem_.alibi_slopes) slope = std::round(slope * 0x1p12) * 0x1p-12;
    for (double& sink : problem_.sinks) sink = std::isinf(sink) ? sink : std::round(sink) / 8;
    inputs_ = {.q = short_numbers(c.inputs.q),
               .k = short_numbers(c.inputs.k),
               .v = short_numbers(c.inputs.v),
               .bias = short_numbers(c.inputs.bias)};
    upstream_ = random_upstream(seed, kind, problem_);
    gradients_ = differentiate<Mp>(problem_, inputs_, upstream_);
  }

  const Problem& problem() const { return problem_; }
  const Gradients<Mp>& gradients() const { return gradients_; }

  /// Largest deviation over some elements of every input, relative to 1 + |gradient|.
  double worst() {
    const Problem& p = problem_;
    const auto dim = static_cast<std::size_t>(p.head_dim_qk);
    check(inputs_.q, gradients_.q, [&](std::size_t i) {
      return scale_of(p.q_scale, i / dim, p.num_q_heads, &problem::Sequence::q_len);
    });
    check(inputs_.k, gradients_.k, [&](std::size_t i) {
      return scale_of(p.k_scale, i / dim, p.num_kv_heads, &problem::Sequence::kv_len);
    });
    check(inputs_.v, gradients_.v, [&](std::size_t i) {
      return scale_of(p.v_scale, i / static_cast<std::size_t>(p.head_dim_v), p.num_kv_heads,
                      &problem::Sequence::kv_len);
    });
    check(inputs_.bias, gradients_.bias, [](std::size_t) { return 1.0; });
    check(problem_.sinks, gradients_.sink);
    check(problem_.alibi_slopes, gradients_.slope);
    return worst_;
  }

  std::int64_t checked() const { return checked_; }

 private:
  /// Scale of vector `i` of [tokens, heads].
  double scale_of(const problem::Scales& scales, std::size_t i, std::int64_t heads,
                  std::int64_t problem::Sequence::*length) const {
    if (scales.empty()) return 1;
    if (scales.size() == 1) return scales[0];
    const auto head = static_cast<std::int64_t>(i) % heads;
    std::int64_t token = static_cast<std::int64_t>(i) / heads;
    std::int64_t b = 0;
    while (token >= problem_.sequences[static_cast<std::size_t>(b)].*length) {
      token -= problem_.sequences[static_cast<std::size_t>(b++)].*length;
    }
    const bool per_head = scales.size() == static_cast<std::size_t>(heads);
    return scales[static_cast<std::size_t>(per_head ? head : b * heads + head)];
  }

  void compare(const Mp& exact, const Mp& approximate) {
    ++checked_;
    worst_ = std::max(worst_, static_cast<double>(abs(exact - approximate) / (1 + abs(exact))));
  }

  void check(Elements& x, const std::vector<Mp>& gradient,
             const std::function<double(std::size_t)>& scale) {
    constexpr std::size_t kSamples = 10;
    for (std::size_t sample = 0; sample < std::min(kSamples, x.size()); ++sample) {
      const auto i =
          static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(x.size()) - 1));
      const double value = x.value(i);
      if (!std::isfinite(value)) {
        compare(gradient[i], 0);
        continue;
      }
      const Mp slope = difference([&](double step) {
        x.set(i, value + step);
        EXPECT_EQ(x.value(i) - value, step) << "the step is not exact";
        return loss_of(problem_, inputs_, upstream_);
      });
      x.set(i, value);
      compare(gradient[i], slope / Mp(scale(i)));
    }
  }

  void check(std::vector<double>& x, const std::vector<Mp>& gradient) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double value = x[i];
      if (!std::isfinite(value)) {
        compare(gradient[i], 0);
        continue;
      }
      const Mp slope = difference([&](double step) {
        x[i] = value + step;
        return loss_of(problem_, inputs_, upstream_);
      });
      x[i] = value;
      compare(gradient[i], slope);
    }
  }

  Random random_;
  Problem problem_;
  problem::Inputs inputs_;
  Upstream upstream_;
  Gradients<Mp> gradients_;
  double worst_ = 0;
  std::int64_t checked_ = 0;
};

TEST(GradientDefinition, AgreesWithFiniteDifferencesTo25DigitsWhateverTheFeatures) {
  double worst = 0;
  std::int64_t checked = 0;
  int caps = 0, slopes = 0, sinks = 0, biases = 0, shared = 0, prefixes = 0, scales = 0, groups = 0;
  int trees = 0, windows = 0, customs = 0, chunks = 0;
  for (std::uint64_t seed = 0; seed < 90; ++seed) {
    const auto kind = static_cast<UpstreamKind>(seed % tests::kNumUpstreamKinds);
    FiniteDifferences differences(seed, kind);
    const Problem& p = differences.problem();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const double deviation = differences.worst();
    EXPECT_LT(deviation, 1e-25);
    worst = std::max(worst, deviation);
    checked += differences.checked();
    caps += p.softcap > 0;
    slopes += !p.alibi_slopes.empty();
    sinks += !p.sinks.empty();
    biases += p.bias == problem::Bias::kPerHead;
    shared += p.bias == problem::Bias::kShared;
    prefixes += p.v_is_k_prefix;
    scales += !p.q_scale.empty() && !p.k_scale.empty();
    groups += p.group() > 1;
    trees += !p.mask.tree.empty();
    windows += p.mask.window_left.has_value();
    customs += !p.mask.custom.empty();
    chunks += p.mask.attention_chunk.has_value();
  }
  for (const int count : {caps, slopes, sinks, biases, shared, prefixes, scales, groups, trees,
                          windows, customs, chunks}) {
    EXPECT_GE(count, 3);
  }
  std::printf("  largest deviation %.1e over %ld derivatives\n", worst, static_cast<long>(checked));
}

}  // namespace
}  // namespace attest::oracle
