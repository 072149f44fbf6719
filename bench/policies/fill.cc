#include "bench/policies/fill.h"

#include <cmath>
#include <limits>
#include <memory>

namespace attest::bench {
namespace {

using problem::DType;
using problem::Elements;
using problem::Problem;

class Filler {
 public:
  Filler(const Policy& policy, const TypeRule& rule, Random& random, properties::Scene& scene)
      : policy_(policy), rule_(rule), random_(random), scene_(scene), problem_(scene.problem) {
    size_ = policy.size;
    if (policy.over_root_dim) size_ /= std::sqrt(static_cast<double>(problem_.head_dim_qk));
  }

  void run() {
    const std::int64_t q = problem_.num_q_heads * problem_.head_dim_qk;
    const std::int64_t k = problem_.num_kv_heads * problem_.head_dim_qk;
    const std::int64_t v = problem_.num_kv_heads * problem_.head_dim_v;
    scene_.inputs.q = drawn(problem_.q_dtype, rule_.q, problem_.total_q() * q);
    scene_.inputs.k = drawn(problem_.k_dtype, rule_.kv, problem_.total_kv() * k);
    scene_.inputs.v = drawn(problem_.v_dtype, rule_.kv, problem_.total_kv() * v);
    fill_bias();
    if (!problem::is_paged(scene_.storage.layout)) return;
    const std::int64_t slots = scene_.storage.num_pages * scene_.storage.page_size;
    properties::CacheMemory memory{unused(problem_.k_dtype, slots * k, false),
                                   unused(problem_.v_dtype, slots * v, true)};
    copy_tokens(scene_.inputs.k, k, memory.k);
    copy_tokens(scene_.inputs.v, v, memory.v);
    scene_.memory = std::make_shared<const properties::CacheMemory>(std::move(memory));
  }

 private:
  Elements drawn(DType held, DType published, std::int64_t count) {
    Elements out(held, static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double x = policy_.fill == Fill::kNormal ? random_.normal() : random_.symmetric();
      out.set(i, problem::round_to(published, x * size_));
    }
    return out;
  }

  Elements unused(DType type, std::int64_t count, bool is_v) {
    if (is_v && policy_.nan_in_unused_v_of_fp8 && problem::size_of(rule_.kv) == 1) {
      Elements out(type, static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < out.size(); ++i)
        out.set(i, std::numeric_limits<double>::quiet_NaN());
      return out;
    }
    if (policy_.unused == Unused::kLikeTokens) return drawn(type, rule_.kv, count);
    return {type, static_cast<std::size_t>(count)};
  }

  void copy_tokens(const Elements& tokens, std::int64_t lanes, Elements& memory) const {
    const std::int64_t page = scene_.storage.page_size;
    std::int64_t token = 0;
    for (std::size_t b = 0; b < problem_.sequences.size(); ++b) {
      for (std::int64_t t = 0; t < problem_.sequences[b].kv_len; ++t, ++token) {
        const std::int64_t id = scene_.storage.block_table[b][static_cast<std::size_t>(t / page)];
        const std::int64_t slot = id * page + t % page;
        for (std::int64_t d = 0; d < lanes; ++d) {
          memory.set_bits(static_cast<std::size_t>(slot * lanes + d),
                          tokens.bits(static_cast<std::size_t>(token * lanes + d)));
        }
      }
    }
  }

  void fill_bias() {
    if (problem_.bias == problem::Bias::kNone) return;
    const bool shared = problem_.bias == problem::Bias::kShared;
    std::vector<double> values;
    for (const problem::Sequence& s : problem_.sequences) {
      for (std::int64_t head = 0; head < (shared ? 1 : problem_.num_q_heads); ++head) {
        std::vector<double> row(static_cast<std::size_t>(s.kv_len));
        for (std::int64_t i = 0; i < s.q_len; ++i) {
          if (shared || i == 0) draw_bias(shared, row);
          values.insert(values.end(), row.begin(), row.end());
        }
      }
    }
    scene_.inputs.bias = Elements(DType::kF32, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) scene_.inputs.bias.set(i, values[i]);
  }

  void draw_bias(bool uniform, std::vector<double>& row) {
    for (double& x : row) {
      const double drawn = uniform ? random_.symmetric() : random_.normal();
      x = problem::round_to(uniform ? DType::kF16 : rule_.q, drawn * policy_.bias_size);
    }
  }

  const Policy& policy_;
  const TypeRule& rule_;
  Random& random_;
  properties::Scene& scene_;
  const Problem& problem_;
  double size_ = 1;
};

}  // namespace

void fill_scene(const Policy& policy, const TypeRule& rule, Random& random,
                properties::Scene& scene) {
  Filler(policy, rule, random, scene).run();
}

}  // namespace attest::bench
