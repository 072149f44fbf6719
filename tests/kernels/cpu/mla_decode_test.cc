// Latent attention in absorbed form against the form it was absorbed from: keys and values of every
// head are projected up from the latent vectors, in double, by plain loops of this file.
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/kernels.h"
#include "oracle/expected.h"
#include "problem/values.h"
#include "tests/kernels/cpu/hand_made_call.h"

namespace attest::kernels::cpu {
namespace {

/// DeepSeek's shapes, smaller: a latent vector with the rotary lanes behind it.
struct Shapes {
  std::int64_t heads = 10;  // more than a block of heads
  std::int64_t latent = 16;
  std::int64_t rotary = 4;
  std::int64_t nope = 6;  ///< lanes of a head's query and key without position
  std::int64_t value = 5;
  std::int64_t kv_len = 37;  // three tiles, the last one not full
  std::int64_t page_size = 8;

  std::int64_t head_dim() const { return latent + rotary; }
};

/// Eighths from -1 to 1, so that what is folded into q is exact.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : seed_(seed) {}

  std::vector<float> take(std::int64_t count) {
    std::vector<float> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t bits = problem::derive_seed(seed_, next_++);
      numbers.push_back(static_cast<float>(static_cast<int>(bits % 17) - 8) / 8);
    }
    return numbers;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

struct Latents {
  Shapes s;
  std::vector<float> tokens;  ///< [kv_len, latent + rotary]
  std::vector<float> q_nope;  ///< [heads, nope]
  std::vector<float> q_rope;  ///< [heads, rotary]
  std::vector<float> up_k;    ///< [heads, nope, latent]
  std::vector<float> up_v;    ///< [heads, value, latent]
  double scale = 0.25;

  explicit Latents(std::uint64_t seed) {
    Numbers numbers(seed);
    tokens = numbers.take(s.kv_len * s.head_dim());
    q_nope = numbers.take(s.heads * s.nope);
    q_rope = numbers.take(s.heads * s.rotary);
    up_k = numbers.take(s.heads * s.nope * s.latent);
    up_v = numbers.take(s.heads * s.value * s.latent);
  }

  double token(std::int64_t j, std::int64_t lane) const {
    return static_cast<double>(tokens[static_cast<std::size_t>(j * s.head_dim() + lane)]);
  }
  double key_weight(std::int64_t head, std::int64_t d, std::int64_t lane) const {
    return static_cast<double>(
        up_k[static_cast<std::size_t>((head * s.nope + d) * s.latent + lane)]);
  }
  double value_weight(std::int64_t head, std::int64_t d, std::int64_t lane) const {
    return static_cast<double>(
        up_v[static_cast<std::size_t>((head * s.value + d) * s.latent + lane)]);
  }

  /// The query that meets latent vectors: q_nope times up_k, then q_rope. [heads, latent + rotary]
  std::vector<float> absorbed_query() const {
    std::vector<float> q;
    for (std::int64_t head = 0; head < s.heads; ++head) {
      for (std::int64_t lane = 0; lane < s.latent; ++lane) {
        double sum = 0;
        for (std::int64_t d = 0; d < s.nope; ++d) {
          sum += static_cast<double>(q_nope[static_cast<std::size_t>(head * s.nope + d)]) *
                 key_weight(head, d, lane);
        }
        q.push_back(static_cast<float>(sum));
        EXPECT_EQ(static_cast<double>(q.back()), sum);
      }
      const auto rope = q_rope.begin() + head * s.rotary;
      q.insert(q.end(), rope, rope + s.rotary);
    }
    return q;
  }

  /// Attention over keys and values of the head itself. [heads, value]
  std::vector<double> expanded() const {
    std::vector<double> out;
    for (std::int64_t head = 0; head < s.heads; ++head) {
      std::vector<double> scores;
      double max = -INFINITY;
      for (std::int64_t j = 0; j < s.kv_len; ++j) {
        double dot = 0;
        for (std::int64_t d = 0; d < s.nope; ++d) {
          double key = 0;
          for (std::int64_t lane = 0; lane < s.latent; ++lane)
            key += key_weight(head, d, lane) * token(j, lane);
          dot += static_cast<double>(q_nope[static_cast<std::size_t>(head * s.nope + d)]) * key;
        }
        for (std::int64_t d = 0; d < s.rotary; ++d) {
          dot += static_cast<double>(q_rope[static_cast<std::size_t>(head * s.rotary + d)]) *
                 token(j, s.latent + d);
        }
        scores.push_back(scale * dot);
        max = std::fmax(max, scores.back());
      }
      double sum = 0;
      for (double& score : scores) sum += score = std::exp(score - max);
      for (std::int64_t d = 0; d < s.value; ++d) {
        double weighted = 0;
        for (std::int64_t j = 0; j < s.kv_len; ++j) {
          double value = 0;
          for (std::int64_t lane = 0; lane < s.latent; ++lane)
            value += value_weight(head, d, lane) * token(j, lane);
          weighted += scores[static_cast<std::size_t>(j)] * value;
        }
        out.push_back(weighted / sum);
      }
    }
    return out;
  }

  /// What the kernel may err by in each latent output lane. [heads, latent]
  std::vector<double> latent_bounds(const std::vector<float>& q) const {
    problem::Problem problem;
    problem.sequences = {{.q_len = 1, .kv_len = s.kv_len, .start_pos = {}}};
    problem.num_q_heads = s.heads;
    problem.head_dim_qk = s.head_dim();
    problem.head_dim_v = s.latent;
    problem.v_is_k_prefix = true;
    problem.scale = scale;
    problem::Inputs inputs;
    inputs.q = problem::Elements(problem::DType::kF32, q.size());
    for (std::size_t i = 0; i < q.size(); ++i) inputs.q.set(i, static_cast<double>(q[i]));
    inputs.k = problem::Elements(problem::DType::kF32, tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) inputs.k.set(i, static_cast<double>(tokens[i]));
    inputs.v =
        problem::Elements(problem::DType::kF32, static_cast<std::size_t>(s.kv_len * s.latent));
    for (std::int64_t j = 0; j < s.kv_len; ++j) {
      for (std::int64_t lane = 0; lane < s.latent; ++lane)
        inputs.v.set(static_cast<std::size_t>(j * s.latent + lane), token(j, lane));
    }
    const auto numerics = problem::generic_numerics(problem::DType::kF32);
    std::vector<double> bounds;
    for (const auto& element : oracle::expect_attend(problem, inputs, numerics).o)
      bounds.push_back(element.bound + element.ball);
    return bounds;
  }
};

/// One decode step of the kernel, over shuffled pages. [heads, latent]
std::vector<float> decode(const Latents& latents, std::vector<float> q) {
  const Shapes& s = latents.s;
  tests::Lengths lengths;
  lengths.add(1, static_cast<std::int32_t>(s.kv_len));
  attest_attend call = tests::empty_call(lengths);
  const std::vector<std::int32_t> table{4, 0, 5, 2, 1};
  constexpr std::int64_t kPages = 6;
  std::vector<float> cache(static_cast<std::size_t>(kPages * s.page_size * s.head_dim()), NAN);
  for (std::int64_t j = 0; j < s.kv_len; ++j) {
    const std::int64_t page = table[static_cast<std::size_t>(j / s.page_size)];
    const std::int64_t slot = page * s.page_size + j % s.page_size;
    for (std::int64_t lane = 0; lane < s.head_dim(); ++lane) {
      cache[static_cast<std::size_t>(slot * s.head_dim() + lane)] =
          static_cast<float>(latents.token(j, lane));
    }
  }
  std::vector<float> o(static_cast<std::size_t>(s.heads * s.latent), NAN);
  call.layout = ATTEST_LAYOUT_MLA_LATENT;
  call.num_q_heads = static_cast<std::int32_t>(s.heads);
  call.head_dim_qk = static_cast<std::int32_t>(s.head_dim());
  call.head_dim_v = static_cast<std::int32_t>(s.latent);
  call.page_size = static_cast<std::int32_t>(s.page_size);
  call.max_blocks = static_cast<std::int32_t>(table.size());
  call.num_pages = kPages;
  call.block_table = tests::ints(table);
  call.scale = latents.scale;
  call.q = tests::packed(q, {1, s.heads, s.head_dim()});
  call.k = tests::packed(cache, {kPages, s.page_size, 1, s.head_dim()});
  call.v = call.k;
  call.v.shape[3] = s.latent;
  call.o = tests::packed(o, {1, s.heads, s.latent});
  attest_report report{};
  report.struct_size = sizeof(report);
  EXPECT_EQ(mla_decode_f32.attend(nullptr, &call, &report), ATTEST_OK) << report.message;
  return o;
}

TEST(MlaDecode, AbsorbedAndProjectedUpIsTheExpandedForm) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Latents latents(seed);
    const Shapes& s = latents.s;
    const std::vector<float> q = latents.absorbed_query();
    const std::vector<float> o = decode(latents, q);
    const std::vector<double> bounds = latents.latent_bounds(q);
    const std::vector<double> expanded = latents.expanded();
    for (std::int64_t head = 0; head < s.heads; ++head) {
      for (std::int64_t d = 0; d < s.value; ++d) {
        double projected = 0;
        double bound = 0;
        for (std::int64_t lane = 0; lane < s.latent; ++lane) {
          const auto at = static_cast<std::size_t>(head * s.latent + lane);
          projected += latents.value_weight(head, d, lane) * static_cast<double>(o[at]);
          bound += std::fabs(latents.value_weight(head, d, lane)) * bounds[at];
        }
        // Outputs are stored in the type they are summed in; sums in double err far less.
        const double error = projected - expanded[static_cast<std::size_t>(head * s.value + d)];
        EXPECT_TRUE(std::fabs(error) <= bound) << "seed " << seed << ", head " << head << ", lane "
                                               << d << ": off by " << error << ", bound " << bound;
      }
    }
  }
}

TEST(MlaDecode, IsNotTheExpandedFormOfAnotherProjection) {
  Latents latents(1);
  const std::vector<float> q = latents.absorbed_query();
  const std::vector<float> o = decode(latents, q);
  const std::vector<double> bounds = latents.latent_bounds(q);
  latents.up_k[0] += 0.125f;  // one weight of head 0, one step
  const std::vector<double> other = latents.expanded();
  double worst = 0;
  for (std::int64_t d = 0; d < latents.s.value; ++d) {
    double projected = 0;
    double bound = 0;
    for (std::int64_t lane = 0; lane < latents.s.latent; ++lane) {
      const auto at = static_cast<std::size_t>(lane);
      projected += latents.value_weight(0, d, lane) * static_cast<double>(o[at]);
      bound += std::fabs(latents.value_weight(0, d, lane)) * bounds[at];
    }
    worst = std::fmax(worst, std::fabs(projected - other[static_cast<std::size_t>(d)]) / bound);
  }
  EXPECT_GT(worst, 1);
}

}  // namespace
}  // namespace attest::kernels::cpu
