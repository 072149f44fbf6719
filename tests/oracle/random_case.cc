#include "tests/oracle/random_case.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace attest::tests {

using problem::DType;
using problem::Elements;
using problem::Problem;

std::uint64_t Random::bits() {  // splitmix64
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
}

double Random::uniform(double low, double high) {
  return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
}

double Random::normal() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform(0, 1);
  return sum;
}

Elements elements_of(DType type, std::initializer_list<double> values) {
  Elements elements(type, values.size());
  std::size_t i = 0;
  for (const double value : values) elements.set(i++, value);
  return elements;
}

namespace {

/// Scales, slopes and sinks reach kernels as f32.
double f32(double value) { return static_cast<float>(value); }

void add_masks(Problem& p, Random& random) {
  p.mask.causal = random.chance(50);
  if (random.chance(25)) p.mask.window_left = random.between(0, 8);
  if (random.chance(15)) p.mask.window_right = random.between(0, 4);
  if (random.chance(15)) p.mask.attention_chunk = random.between(1, 7);
  const bool start_pos = random.chance(15);
  const bool tree = random.chance(20);
  const bool custom = random.chance(15);
  for (problem::Sequence& s : p.sequences) {
    if (start_pos) s.start_pos = random.between(-2, s.kv_len + 2);
    if (tree) {
      problem::Tree t;
      const std::int64_t size = random.between(0, s.kv_len);
      for (std::int64_t i = 0; i < size; ++i)
        t.parent.push_back(static_cast<std::int32_t>(random.between(-1, i - 1)));
      p.mask.tree.push_back(t);
    }
    if (custom) {
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(s.q_len * s.kv_len));
      for (std::uint8_t& bit : mask) bit = random.chance(60) ? 1 : 0;
      p.mask.custom.push_back(mask);
    }
  }
}

problem::Scales random_scales(Random& random, std::int64_t batch, std::int64_t heads) {
  if (random.chance(70)) return {};
  const std::int64_t count = random.one_of<std::int64_t>({1, heads, batch * heads});
  problem::Scales scales;
  for (std::int64_t i = 0; i < count; ++i) scales.push_back(f32(random.uniform(0.25, 3)));
  return scales;
}

void add_modifiers(Problem& p, Random& random) {
  if (random.chance(25))
    p.softcap = f32(random.one_of({0.5, 5.0, 30.0, 50.0}) * random.uniform(0.9, 1));
  if (random.chance(25)) {
    for (std::int64_t h = 0; h < p.num_q_heads; ++h)
      p.alibi_slopes.push_back(f32(random.uniform(-0.1, 1)));
  }
  if (random.chance(25)) {
    for (std::int64_t h = 0; h < p.num_q_heads; ++h) {
      const double sink = f32(random.normal() * random.one_of({1.0, 30.0}));
      p.sinks.push_back(random.chance(20) ? -std::numeric_limits<double>::infinity() : sink);
    }
  }
  if (random.chance(25))
    p.bias = random.chance(50) ? problem::Bias::kPerHead : problem::Bias::kShared;
  p.q_scale = random_scales(random, p.batch(), p.num_q_heads);
  p.k_scale = random_scales(random, p.batch(), p.num_kv_heads);
  if (!p.v_is_k_prefix) p.v_scale = random_scales(random, p.batch(), p.num_kv_heads);
}

Problem random_problem(Random& random, Data data, const CaseLimits& limits) {
  Problem p;
  const std::int64_t batch = random.between(1, 3);
  for (std::int64_t b = 0; b < batch; ++b) {
    const std::int64_t q_len = random.between(0, 4);
    const std::int64_t kv_len = random.between(0, limits.max_tokens);
    p.sequences.push_back({.q_len = q_len, .kv_len = kv_len});
  }
  p.num_kv_heads = random.between(1, 2);
  p.num_q_heads = p.num_kv_heads * random.between(1, 3);
  p.head_dim_qk = random.between(1, limits.max_dim);
  p.head_dim_v = random.chance(50) ? p.head_dim_qk : random.between(1, limits.max_dim);
  p.v_is_k_prefix = p.head_dim_v <= p.head_dim_qk && random.chance(10);
  p.q_dtype = p.k_dtype = p.v_dtype = p.o_dtype = limits.dtype;
  const double width = std::sqrt(static_cast<double>(p.head_dim_qk));
  p.scale = random.one_of({1 / width, 1.0, 0.37, -0.5});
  if (data == Data::kLowScores || data == Data::kRising || data == Data::kFalling)
    p.scale = 1 / width;
  if (limits.masks) add_masks(p, random);
  if (limits.modifiers) add_modifiers(p, random);
  return p;
}

/// Fills [tokens, heads, dim] by value(token in its sequence, lane).
template <typename Value>
Elements fill(DType type, const std::vector<std::int64_t>& lengths, std::int64_t heads,
              std::int64_t dim, Value value) {
  std::size_t count = 0;
  for (const std::int64_t length : lengths) count += static_cast<std::size_t>(length * heads * dim);
  Elements elements(type, count);
  std::size_t i = 0;
  for (const std::int64_t length : lengths) {
    for (std::int64_t token = 0; token < length; ++token) {
      for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t lane = 0; lane < dim; ++lane)
          elements.set(i++, value(token, lane, length));
      }
    }
  }
  return elements;
}

double k_value(Random& random, Data data, std::int64_t token, std::int64_t length,
               std::int64_t needle) {
  switch (data) {
    case Data::kCoherent:
      return random.uniform(0.5, 1.5);
    case Data::kLargeScores:
      return random.normal() * 40;
    case Data::kNearTies:
      return 1 + random.normal() * 1e-7;
    case Data::kNeedle:
      return token == needle ? 3 : random.normal() * 0.2;
    case Data::kRising:
      return static_cast<double>(token) * 0.3 + random.uniform(0, 0.01);
    case Data::kFalling:
      return static_cast<double>(length - token) * 0.3 + random.uniform(0, 0.01);
    case Data::kLowScores:
      return -6.4e4 - random.uniform(0, 100);  // f16 ends at 65504
    default:
      return random.normal();
  }
}

double q_value(Random& random, Data data) {
  switch (data) {
    case Data::kCoherent:
    case Data::kNeedle:
    case Data::kRising:
    case Data::kFalling:
      return random.uniform(0.5, 1.5);
    case Data::kNearTies:
    case Data::kLowScores:
      return 1;
    case Data::kLargeScores:
      return random.normal() * 40;
    default:
      return random.normal();
  }
}

double v_value(Random& random, Data data, DType type, std::int64_t token, std::int64_t lane,
               std::int64_t dim) {
  switch (data) {
    case Data::kCancelling:
      return (token % 2 == 0 ? 1 : -1) * (1 + random.normal() * 1e-6);
    case Data::kSubnormalV:
      return problem::smallest_normal(type) * random.uniform(-1, 1);
    case Data::kConstantV:
      return 1.7;
    case Data::kOneHotV:
      return token % dim == lane ? 1 : 0;
    case Data::kCoherent:
      return random.uniform(0.5, 1.5);
    default:
      return random.normal();
  }
}

}  // namespace

RandomCase random_case(std::uint64_t seed, Data data, const CaseLimits& limits) {
  Random random(seed * 64 + static_cast<std::uint64_t>(data));
  RandomCase result{.problem = random_problem(random, data, limits), .inputs = {}};
  const Problem& p = result.problem;
  std::vector<std::int64_t> q_lens, kv_lens;
  std::size_t biases = 0;
  for (const problem::Sequence& s : p.sequences) {
    q_lens.push_back(s.q_len);
    kv_lens.push_back(s.kv_len);
    biases += static_cast<std::size_t>(s.q_len * s.kv_len *
                                       (p.bias == problem::Bias::kPerHead ? p.num_q_heads : 1));
  }
  const std::int64_t needle = random.between(0, limits.max_tokens);
  problem::Inputs& inputs = result.inputs;
  inputs.q = fill(p.q_dtype, q_lens, p.num_q_heads, p.head_dim_qk,
                  [&](std::int64_t, std::int64_t, std::int64_t) { return q_value(random, data); });
  inputs.k = fill(p.k_dtype, kv_lens, p.num_kv_heads, p.head_dim_qk,
                  [&](std::int64_t token, std::int64_t, std::int64_t length) {
                    return k_value(random, data, token, length, needle);
                  });
  if (!p.v_is_k_prefix) {
    inputs.v = fill(p.v_dtype, kv_lens, p.num_kv_heads, p.head_dim_v,
                    [&](std::int64_t token, std::int64_t lane, std::int64_t) {
                      return v_value(random, data, p.v_dtype, token, lane, p.head_dim_v);
                    });
  }
  if (p.bias == problem::Bias::kNone) return result;
  inputs.bias = Elements(DType::kF32, biases);
  for (std::size_t i = 0; i < biases; ++i) {
    const double bias = random.normal() * 2;
    inputs.bias.set(i, random.chance(10) ? -std::numeric_limits<double>::infinity() : bias);
  }
  return result;
}

}  // namespace attest::tests
