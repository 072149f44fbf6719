#include "properties/generate.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "properties/placement.h"
#include "properties/shrink_tree.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Distribution;
using problem::Problem;
using problem::Sequence;

/// Multiply-adds of ordinary and of large cases: small cases are worth more per second and shrink
/// well.
constexpr std::int64_t kOrdinaryWork = 20'000;
constexpr std::int64_t kLargeWork = 2'000'000;

std::vector<std::int64_t> members(const attest_set& set,
                                  const std::vector<std::int64_t>& candidates) {
  std::vector<std::int64_t> out;
  for (std::int64_t value : candidates) {
    if (kernels::contains(set, value)) out.push_back(value);
  }
  if (out.empty() && set.count > 0) out.assign(set.list, set.list + set.count);
  if (out.empty()) out.push_back(std::max<std::int64_t>({set.min, set.multiple, 1}));
  return out;
}

double round_f32(double value) { return static_cast<double>(static_cast<float>(value)); }

struct Limits {
  std::int64_t kv_len;
  std::int64_t q_len;
  std::int64_t heads;
  std::int64_t work;
};

Limits draw_limits(Draw& draw) {
  const std::int64_t kind = draw.between(0, 99);
  const std::int64_t growth = 1 + draw.size() / 25;  // 1..5
  if (kind < 60) return {2 + 3 * growth, 1 + 2 * growth, 4, kOrdinaryWork};
  if (kind < 95) return {12 * growth, 5 * growth, 8, kOrdinaryWork * 2};
  return {70 * growth, 20 * growth, 16, kLargeWork / 6 * growth / 5};
}

void draw_sequences(Draw& draw, const KernelInfo& info, const Wish& wish, const Limits& limits,
                    std::int64_t page, Problem& problem) {
  std::vector<std::int64_t> batches{1, 1, 2, 2, 3, 4};
  if (wish.many_sequences) batches = {2, 2, 3, 4, 5};
  const std::int64_t batch = draw.pick(members(info.capabilities.batch, batches));
  const auto& caps = info.capabilities;
  std::int64_t common_q = -1;
  for (std::int64_t b = 0; b < batch; ++b) {
    Sequence sequence;
    sequence.kv_len = draw_length(draw, page, limits.kv_len);
    if (wish.empties && draw.chance(35)) sequence.kv_len = draw.between(0, 1);
    if (wish.single_keys && draw.chance(40)) sequence.kv_len = 1;
    if (sequence.kv_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_KV)) sequence.kv_len = 1;
    if (sequence.kv_len > 0 && !kernels::contains(caps.kv_len, sequence.kv_len)) {
      sequence.kv_len = members(caps.kv_len, {1, 2, 4, 8, 16, 32}).front();
    }
    // Decode, whole prompt, chunk in the middle of a prompt, more rows than keys.
    const std::int64_t kind = draw.between(0, 9);
    std::int64_t q_len = 1;
    if (kind < 3 && !wish.many_rows) {
      q_len = 1;
    } else if (kind < 6) {
      q_len = std::min(sequence.kv_len, limits.q_len);
    } else if (kind < 9) {
      q_len = draw.between(1, std::min(limits.q_len, std::max<std::int64_t>(sequence.kv_len, 1)));
    } else {
      q_len = sequence.kv_len + draw.between(0, 3);
    }
    if (wish.many_rows) q_len = std::max<std::int64_t>(q_len, 2);
    if (draw.chance(wish.empties ? 25 : 5)) q_len = 0;
    if (q_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_Q)) q_len = 1;
    if (!info.has(ATTEST_FEATURE_RAGGED)) {
      if (common_q < 0) common_q = q_len;
      q_len = common_q;
    }
    if (q_len > sequence.kv_len && sequence.kv_len > 0 && !info.has(ATTEST_FEATURE_Q_LONGER)) {
      if (info.has(ATTEST_FEATURE_RAGGED)) {
        q_len = sequence.kv_len;
      } else {
        sequence.kv_len = q_len;
      }
    }
    if (q_len > 0 && !kernels::contains(caps.q_len, q_len)) {
      q_len = members(caps.q_len, {1, 2, 3, 4, 8}).front();
    }
    sequence.q_len = q_len;
    if (info.has(ATTEST_FEATURE_START_POS) && !wish.plain_scores && q_len > 0 && draw.chance(12)) {
      sequence.start_pos = draw.between(0, sequence.kv_len + 2);
    }
    if (info.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT) sequence.start_pos = 0;
    problem.sequences.push_back(sequence);
  }
}

void draw_heads(Draw& draw, const KernelInfo& info, const Limits& limits, Problem& problem) {
  problem.num_kv_heads = draw.pick(members(info.capabilities.num_kv_heads, {1, 1, 2, 2, 3, 4, 8}));
  const std::int64_t few =
      std::min(problem.num_kv_heads, std::max<std::int64_t>(limits.heads / 2, 1));
  if (kernels::contains(info.capabilities.num_kv_heads, few)) problem.num_kv_heads = few;
  const std::int64_t group = draw.pick(members(info.capabilities.group, {1, 1, 2, 2, 3, 4, 7, 8}));
  problem.num_q_heads = problem.num_kv_heads * group;
}

/// Head dims: edges and the sizes models use; the work limit keeps products small.
void draw_head_dims(Draw& draw, const KernelInfo& info, const Limits& limits, Problem& problem) {
  std::vector<std::int64_t> dims{1, 2, 3, 4, 4, 8, 8, 16, 16, 17, 32, 33};
  if (draw.chance(15)) dims = {40, 64, 80, 96, 112, 128, 192, 256};
  problem.head_dim_qk = draw.pick(members(info.capabilities.head_dim_qk, dims));
  problem.head_dim_v = problem.head_dim_qk;
  if (info.has(ATTEST_FEATURE_HEAD_DIM_V) && draw.chance(30)) {
    problem.head_dim_v = draw.pick(members(info.capabilities.head_dim_v, {1, 2, 3, 5, 8, 16, 24}));
  }
  std::int64_t pairs = 0;
  for (const Sequence& sequence : problem.sequences)
    pairs += sequence.q_len * std::max<std::int64_t>(sequence.kv_len, 1);
  auto work = [&] {
    return pairs * problem.num_q_heads * (problem.head_dim_qk + problem.head_dim_v);
  };
  while (work() > limits.work && problem.num_q_heads > problem.num_kv_heads &&
         kernels::contains(info.capabilities.group, problem.group() - 1)) {
    problem.num_q_heads -= problem.num_kv_heads;
  }
  while (work() > limits.work && problem.num_kv_heads > 1 &&
         kernels::contains(info.capabilities.num_kv_heads, problem.num_kv_heads - 1)) {
    problem.num_q_heads -= problem.group();
    --problem.num_kv_heads;
  }
  for (std::int64_t dim : {16, 8, 4, 2, 1}) {
    if (work() <= limits.work) break;
    if (dim < problem.head_dim_qk && kernels::contains(info.capabilities.head_dim_qk, dim)) {
      problem.head_dim_qk = problem.head_dim_v = dim;
    }
  }
}

std::int64_t draw_window(Draw& draw, const Problem& problem, std::int64_t page) {
  const std::int64_t length = std::max<std::int64_t>(problem.max_kv_len(), 1);
  std::vector<std::int64_t> edges{0, 1, 2, length - 1, length, length + 1};
  if (page > 0) edges.insert(edges.end(), {page - 1, page, page + 1});
  if (draw.chance(40)) return draw.between(0, length);
  return std::max<std::int64_t>(draw.pick(edges), 0);
}

problem::Tree draw_tree(Draw& draw, const Sequence& sequence) {
  problem::Tree tree;
  const std::int64_t size = std::min(sequence.q_len, sequence.kv_len);
  for (std::int64_t t = 0; t < size; ++t) {
    const bool chain = draw.chance(40);
    const std::int64_t parent = chain ? t - 1 : draw.between(-1, t - 1);
    tree.parent.push_back(static_cast<std::int32_t>(parent));
  }
  return tree;
}

void draw_mask(Draw& draw, const KernelInfo& info, const Wish& wish, std::int64_t page,
               Problem& problem) {
  auto& mask = problem.mask;
  const bool can_causal = info.has(ATTEST_FEATURE_CAUSAL);
  const bool can_not = info.has(ATTEST_FEATURE_NON_CAUSAL);
  const bool toss = draw.chance(60);
  mask.causal = can_causal && (!can_not || wish.causal || (!wish.no_causal && toss));
  if (wish.plain_scores) return;
  const bool left = draw.chance(wish.window ? 100 : 25);
  if (left && info.has(ATTEST_FEATURE_WINDOW_LEFT))
    mask.window_left = draw_window(draw, problem, page);
  const bool right = draw.chance(wish.window && !mask.window_left ? 100 : 15);
  if (right && info.has(ATTEST_FEATURE_WINDOW_RIGHT))
    mask.window_right = draw_window(draw, problem, page);
  if (info.has(ATTEST_FEATURE_ATTENTION_CHUNK) && draw.chance(12))
    mask.attention_chunk = draw.between(1, 1 + problem.max_kv_len());
  bool explicit_start = false;
  for (const auto& sequence : problem.sequences) explicit_start |= sequence.start_pos.has_value();
  if (info.has(ATTEST_FEATURE_TREE) && !wish.no_tree && mask.causal && !explicit_start &&
      draw.chance(12)) {
    for (const auto& sequence : problem.sequences) mask.tree.push_back(draw_tree(draw, sequence));
  } else if (info.has(ATTEST_FEATURE_CUSTOM_MASK) && draw.chance(12)) {
    const std::int64_t percent = draw.pick(std::vector<std::int64_t>{10, 50, 90});
    for (const auto& sequence : problem.sequences) {
      auto& bits = mask.custom.emplace_back();
      for (std::int64_t i = 0; i < sequence.q_len * sequence.kv_len; ++i) {
        bits.push_back(draw.chance(static_cast<int>(percent)) ? 1 : 0);
      }
    }
  }
}

void draw_modifiers(Draw& draw, const KernelInfo& info, const Wish& wish, Problem& problem) {
  const double dim = static_cast<double>(problem.head_dim_qk);
  const std::int64_t kind = draw.between(0, 9);
  problem.scale = kind < 6   ? round_f32(1.0 / std::sqrt(dim))
                  : kind < 7 ? 1.0
                  : kind < 8 ? 0.125
                  : kind < 9 ? round_f32(1.0 / dim)
                             : 0.7;
  problem.scale = round_f32(problem.scale);
  if (wish.plain_scores) return;
  if (info.has(ATTEST_FEATURE_SOFTCAP) && draw.chance(20)) {
    problem.softcap = draw.pick(std::vector<double>{1.0, 5.0, 30.0, 50.0});
  }
  if (info.has(ATTEST_FEATURE_ALIBI) && draw.chance(20)) {
    const std::int64_t first = draw.between(0, 4);
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h) {
      problem.alibi_slopes.push_back(std::ldexp(1.0, -static_cast<int>(first + h % 8)));
    }
  }
  if (info.has(ATTEST_FEATURE_BIAS) && draw.chance(12)) {
    problem.bias = draw.chance(50) ? problem::Bias::kPerHead : problem::Bias::kShared;
  }
  if (info.has(ATTEST_FEATURE_SINK) && !wish.no_sink && draw.chance(20)) {
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h) {
      problem.sinks.push_back(static_cast<double>(draw.between(-32, 32)) / 8.0);
    }
  }
}

/// A third is plain, a fifth sharp: distributions in which a small error of one weight shows most
/// (bench/sensitivity.cc measures it; docs/generators.md has the numbers).
Distribution draw_distribution(Draw& draw) {
  static const std::vector<Distribution> plain{Distribution::kNormal, Distribution::kLattice};
  static const std::vector<Distribution> sharp{
      Distribution::kNeedle,      Distribution::kNeedle,  Distribution::kOneHotV,
      Distribution::kCancellingV, Distribution::kRising,  Distribution::kFalling,
      Distribution::kCoherent,    Distribution::kUniform,
  };
  const std::int64_t kind = draw.between(0, 99);
  if (kind < 33) return draw.pick(plain);
  if (kind < 53) return draw.pick(sharp);
  return static_cast<Distribution>(draw.between(0, problem::kNumDistributions - 1));
}

void draw_values(Draw& draw, const Wish& wish, std::int64_t page, const Problem& problem,
                 problem::Values& values) {
  if (!wish.distributions.empty()) {
    values.distribution = draw.pick(wish.distributions);
  } else {
    values.distribution = draw_distribution(draw);
  }
  values.seed = draw.bits();
  // The needle sits at an edge: first, last, around pages, tiles and the window.
  const std::int64_t last = std::max<std::int64_t>(problem.max_kv_len() - 1, 0);
  std::vector<std::int64_t> edges{0, last, last / 2, std::min<std::int64_t>(16, last),
                                  std::min<std::int64_t>(15, last)};
  if (page > 0) {
    const std::int64_t boundary = draw.between(0, last / page) * page;
    edges.insert(edges.end(), {boundary, std::max<std::int64_t>(boundary - 1, 0)});
  }
  if (problem.mask.window_left) {
    edges.insert(edges.end(), {std::max<std::int64_t>(last - *problem.mask.window_left, 0),
                               std::max<std::int64_t>(last - *problem.mask.window_left - 1, 0)});
  }
  values.needle = draw.pick(edges);
}

void draw_poison(Draw& draw, const KernelInfo& info, const Wish& wish, Case& value) {
  if (wish.poison.empty()) return;
  problem::Poison poison;
  poison.place = draw.pick(wish.poison);
  const bool token = poison.place == problem::PoisonPlace::kFuture ||
                     poison.place == problem::PoisonPlace::kOutsideWindow;
  const bool slot = poison.place == problem::PoisonPlace::kPageTail ||
                    poison.place == problem::PoisonPlace::kFreePages;
  const bool finite = (token && info.conventions.masked_tokens != ATTEST_SLOTS_ANYTHING) ||
                      (slot && info.conventions.unused_slots != ATTEST_SLOTS_ANYTHING);
  using problem::PoisonKind;
  const std::vector<PoisonKind> kinds =
      finite ? std::vector{PoisonKind::kDominating, PoisonKind::kLargest}
             : std::vector{PoisonKind::kNaN,        PoisonKind::kNaN,     PoisonKind::kDominating,
                           PoisonKind::kDominating, PoisonKind::kPlusInf, PoisonKind::kMinusInf,
                           PoisonKind::kLargest};
  poison.kind = draw.pick(kinds);
  const std::int64_t where = draw.between(0, 2);
  poison.in_k = where != 1;
  poison.in_v = where != 0;
  value.poisons.push_back(poison);
}

/// Whether the poison says anything when only finite contents are allowed is the property's
/// business; here only the layout is chosen.
problem::KvLayout draw_layout(Draw& draw, const KernelInfo& info, const Wish& wish) {
  std::vector<problem::KvLayout> layouts;
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    const auto layout = static_cast<problem::KvLayout>(i);
    problem::KvStorage probe;
    probe.layout = layout;
    const bool declared =
        (info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(i))) != 0;
    if (declared && !unplaceable(probe) && (!wish.paged || problem::is_paged(layout)))
      layouts.push_back(layout);
  }
  return layouts.empty() ? problem::KvLayout::kContiguous : draw.pick(layouts);
}

/// One of a declared set of types; an empty set means `like`.
problem::DType draw_type(Draw& draw, std::uint32_t declared, problem::DType like) {
  std::vector<problem::DType> types;
  for (const problem::DType type : problem::all_dtypes()) {
    if ((declared & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) != 0) types.push_back(type);
  }
  return types.empty() ? like : draw.pick(types);
}

Case draw_one(Draw& draw, const KernelInfo& info, const Wish& wish) {
  Case value = problem::make_case({});
  Problem& problem = value.problem();
  const Limits limits = draw_limits(draw);
  const problem::KvLayout layout = draw_layout(draw, info, wish);
  std::int64_t page = 0;
  if (problem::is_paged(layout))
    page = draw.pick(members(info.capabilities.page_size, {1, 2, 3, 4, 4, 5, 8, 8, 16, 16, 32}));

  draw_sequences(draw, info, wish, limits, page, problem);
  draw_heads(draw, info, limits, problem);
  draw_head_dims(draw, info, limits, problem);
  problem.q_dtype = draw_type(draw, info.capabilities.q_dtypes, info.first_q_dtype());
  problem.k_dtype = draw_type(draw, info.capabilities.kv_dtypes, problem.q_dtype);
  problem.v_dtype = problem.k_dtype;
  problem.o_dtype = draw_type(draw, info.capabilities.o_dtypes, problem.q_dtype);
  draw_mask(draw, info, wish, page, problem);
  draw_modifiers(draw, info, wish, problem);
  draw_values(draw, wish, page, problem, value.values);

  if (problem::is_paged(layout)) {
    const bool shared = draw.chance(wish.shared_pages ? 100 : 15);
    value.storage = draw_paged_storage(draw, problem, page, shared);
    value.storage.layout = layout;
  } else {
    value.storage.layout = layout;
    value.storage.gap_tokens = layout == problem::KvLayout::kContiguous ? draw.between(0, 3) : 0;
  }
  if (info.has(ATTEST_FEATURE_NUM_SPLITS)) {
    value.plan.num_splits =
        static_cast<std::int32_t>(draw.pick(std::vector<std::int64_t>{0, 1, 2, 3, 4, 7, 8}));
  }
  if (wish.parts) draw_parts(draw, info, value);
  if (wish.chunks) draw_chunks(draw, value);
  draw_poison(draw, info, wish, value);
  return value;
}

}  // namespace

rc::Gen<Case> cases(const KernelInfo& info, const Wish& wish,
                    std::function<void(Draw&, Case&)> finish) {
  const auto shared_info = std::make_shared<const KernelInfo>(info);
  return rc::Gen<Case>([shared_info, wish, finish](const rc::Random& random, int size) {
    Draw draw(random, size);
    Case value = draw_one(draw, *shared_info, wish);
    if (finish) finish(draw, value);
    return with_shrinks(std::move(value));
  });
}

}  // namespace attest::properties
