#include "bench/policies/inputs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/policies/fill.h"
#include "bench/policies/random.h"

namespace attest::bench {
namespace {

using kernels::KernelInfo;
using problem::DType;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;

constexpr int kTries = 300;

bool is_small(DType type) { return problem::size_of(type) == 1; }

/// The type a kernel holds numbers of the published type in: that type, or a wider one.
std::optional<DType> held_in(std::uint32_t types, DType published) {
  const auto has = [types](DType type) {
    return (types & ATTEST_DTYPE_BIT(static_cast<std::uint32_t>(type))) != 0;
  };
  if (has(published)) return published;
  if (is_small(published)) return std::nullopt;
  if (published != DType::kF64 && has(DType::kF32)) return DType::kF32;
  if (has(DType::kF64)) return DType::kF64;
  return std::nullopt;
}

bool set_types(const KernelInfo& info, const TypeRule& rule, Problem& problem) {
  const attest_capabilities& c = info.capabilities;
  const auto q = held_in(c.q_dtypes, rule.q);
  const auto kv = held_in(c.kv_dtypes == 0 ? c.q_dtypes : c.kv_dtypes, rule.kv);
  const auto o = held_in(c.o_dtypes == 0 ? c.q_dtypes : c.o_dtypes, rule.o);
  if (!q || !kv || !o) return false;
  problem.q_dtype = *q;
  problem.k_dtype = problem.v_dtype = *kv;
  problem.o_dtype = *o;
  return true;
}

/// Rules whose types the kernel has, else those whose numbers it can hold.
std::vector<const TypeRule*> servable_rules(const Policy& policy, const KernelInfo& info) {
  std::vector<const TypeRule*> same, wider;
  for (const TypeRule& rule : policy.types) {
    Problem problem;
    if (!set_types(info, rule, problem)) continue;
    (problem.q_dtype == rule.q && problem.k_dtype == rule.kv ? same : wider).push_back(&rule);
  }
  return same.empty() ? wider : same;
}

std::int64_t products(const Problem& problem) {
  std::int64_t sum = 0;
  for (const problem::Sequence& s : problem.sequences) sum += s.q_len * s.kv_len;
  return sum * problem.num_q_heads * (problem.head_dim_qk + problem.head_dim_v);
}

void draw_heads(const Policy& policy, Random& random, Problem& problem) {
  const Heads heads = random.pick(policy.heads);
  const std::int64_t group = std::min<std::int64_t>(heads.q / heads.kv, 2);
  problem.num_kv_heads = std::min<std::int64_t>(heads.kv, 2);
  problem.num_q_heads = problem.num_kv_heads * group;
  const HeadDims dims = random.pick(policy.head_dims);
  problem.head_dim_qk = dims.qk;
  problem.head_dim_v = dims.v;
  problem.scale = 1.0 / std::sqrt(static_cast<double>(dims.qk));
}

void draw_lengths(const Policy& policy, Random& random, Problem& problem) {
  Lengths lengths = random.pick(policy.lengths);
  const std::int64_t batch = std::min<std::int64_t>(random.pick(policy.batches), 2);
  for (;;) {
    problem.sequences.assign(static_cast<std::size_t>(batch), {lengths.q, lengths.kv, {}});
    if (products(problem) <= kMaxProducts) break;
    if (lengths.q > 1) lengths.q = (lengths.q + 1) / 2;
    lengths.kv = (lengths.kv + 1) / 2;
  }
  for (std::size_t b = 0; b < problem.sequences.size(); ++b) {
    problem::Sequence& s = problem.sequences[b];
    switch (lengths.spread) {
      case Spread::kNone:
        break;
      case Spread::kAnyKv:
        if (b + 1 < problem.sequences.size()) s.kv_len = random.between(1, lengths.kv);
        break;
      case Spread::kLastTwenty:
        s.q_len = random.between(std::max<std::int64_t>(1, lengths.q - 20), lengths.q);
        s.kv_len = random.between(std::max<std::int64_t>(1, lengths.kv - 20), lengths.kv);
        break;
      case Spread::kPast:
        s.kv_len = random.between(1, lengths.kv) + s.q_len;
        break;
    }
  }
}

/// One query and no mask is one query with a causal mask: kernels that know only those get it.
void draw_mask(const Policy& policy, const KernelInfo& info, Random& random, Problem& problem) {
  problem.mask.causal = random.pick(policy.causal);
  const bool decode = problem.max_q_len() == 1;
  if (decode && !info.has(ATTEST_FEATURE_NON_CAUSAL)) problem.mask.causal = true;
  if (decode && !info.has(ATTEST_FEATURE_CAUSAL)) problem.mask.causal = false;
  if (policy.top_left && problem.mask.causal && !(decode && problem.sequences[0].kv_len > 1)) {
    for (problem::Sequence& s : problem.sequences)
      if (s.kv_len != s.q_len) s.start_pos = 0;
  }
  const bool window = policy.half_window && random.coin();
  if (window && info.has(ATTEST_FEATURE_WINDOW_LEFT))
    problem.mask.window_left = std::max<std::int64_t>(1, problem.max_kv_len() / 2) - 1;
}

double alibi_slope(const Policy& policy, std::int64_t head, std::int64_t heads, Random& random) {
  switch (policy.alibi) {
    case Alibi::kNever:
      return 0;
    case Alibi::kNormal:
      return random.normal() * policy.alibi_size;
    case Alibi::kUniform:
      return random.unit() * policy.alibi_size;
    case Alibi::kGeometric:
      return std::exp2(-8.0 * static_cast<double>(head + 1) / static_cast<double>(heads));
  }
  return 0;
}

void draw_modifiers(const Policy& policy, const KernelInfo& info, Random& random,
                    Problem& problem) {
  const double softcap = random.pick(policy.softcaps);
  if (info.has(ATTEST_FEATURE_SOFTCAP)) problem.softcap = softcap;
  const bool alibi = policy.alibi != Alibi::kNever && random.coin();
  if (alibi && info.has(ATTEST_FEATURE_ALIBI)) {
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h) {
      const double slope = alibi_slope(policy, h, problem.num_q_heads, random);
      problem.alibi_slopes.push_back(problem::round_to(DType::kF32, slope));
    }
  }
  const bool bias = policy.bias != Bias::kNever && random.coin() && !problem.mask.causal;
  if (bias && info.has(ATTEST_FEATURE_BIAS)) {
    problem.bias =
        policy.bias == Bias::kUniformShared ? problem::Bias::kShared : problem::Bias::kPerHead;
  }
  const std::int64_t sink = random.between(0, 2);
  if (policy.sinks && sink > 0 && problem.softcap == 0 && info.has(ATTEST_FEATURE_SINK)) {
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h)
      problem.sinks.push_back(sink == 1 ? 0 : problem::round_to(DType::kF16, random.unit()));
  }
}

KvLayout draw_layout(const Policy& policy, const KernelInfo& info, Random& random) {
  const auto has = [&](KvLayout layout) {
    return layout != KvLayout::kMlaLatent &&
           (info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<std::uint32_t>(layout))) != 0;
  };
  std::vector<KvLayout> published, own;
  for (const KvLayout layout : policy.layouts)
    if (has(layout)) published.push_back(layout);
  if (!published.empty()) return random.pick(published);
  for (int i = 0; i < problem::kNumKvLayouts; ++i)
    if (has(static_cast<KvLayout>(i))) own.push_back(static_cast<KvLayout>(i));
  return own.empty() ? KvLayout::kContiguous : random.pick(own);
}

KvStorage draw_storage(const Policy& policy, const KernelInfo& info, const Problem& problem,
                       Random& random) {
  KvStorage storage;
  storage.layout = draw_layout(policy, info, random);
  const bool gaps = policy.gaps_after_heads && random.coin();
  if (gaps && info.has(ATTEST_FEATURE_STRIDES)) {
    storage.strides.k.head = problem.head_dim_qk;
    if (storage.layout != KvLayout::kPagedInterleaved) storage.strides.v.head = problem.head_dim_v;
  }
  if (!problem::is_paged(storage.layout)) return storage;
  storage.page_size = random.pick(policy.page_sizes);
  std::int64_t used = 0;
  const auto pages = [&](const problem::Sequence& s) {
    return (s.kv_len + storage.page_size - 1) / storage.page_size;
  };
  for (const problem::Sequence& s : problem.sequences) used += pages(s);
  storage.num_pages = std::max<std::int64_t>(used, 1) + (policy.shuffled_pages ? used / 2 + 1 : 0);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(storage.num_pages));
  std::iota(ids.begin(), ids.end(), 0);
  if (policy.shuffled_pages) random.shuffle(ids);
  auto next = ids.begin();
  for (const problem::Sequence& s : problem.sequences) {
    storage.block_table.emplace_back(next, next + pages(s));
    next += pages(s);
  }
  return storage;
}

}  // namespace

std::optional<PolicyCase> draw_policy_case(const Policy& policy, const KernelInfo& info,
                                           std::uint64_t seed, std::uint64_t k) {
  const auto rules = servable_rules(policy, info);
  if (rules.empty()) return std::nullopt;
  Random random(problem::derive_seed(seed, k));
  for (int i = 0; i < kTries; ++i) {
    PolicyCase drawn;
    properties::Scene& scene = drawn.scene;
    Problem& problem = scene.problem;
    drawn.rule = random.pick(rules);
    set_types(info, *drawn.rule, problem);
    if (drawn.rule->k_scale != 1) problem.k_scale = {drawn.rule->k_scale};
    if (drawn.rule->v_scale != 1) problem.v_scale = {drawn.rule->v_scale};
    draw_heads(policy, random, problem);
    draw_lengths(policy, random, problem);
    draw_mask(policy, info, random, problem);
    draw_modifiers(policy, info, random, problem);
    scene.storage = draw_storage(policy, info, problem, random);
    scene.junk_seed = random.bits();
    if (problem::find_error(problem) || problem::find_error(problem, scene.storage)) continue;
    if (kernels::unsupported(info, problem, scene.storage)) continue;
    fill_scene(policy, *drawn.rule, random, scene);
    return drawn;
  }
  return std::nullopt;
}

}  // namespace attest::bench
