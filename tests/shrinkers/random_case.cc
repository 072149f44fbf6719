#include "tests/shrinkers/random_case.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace attest::tests {

using problem::Case;
using problem::KvLayout;
using problem::KvStorage;
using problem::Plan;
using problem::Problem;
using problem::Range;
using problem::Sequence;

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}

  /// Uniform in [low, high].
  std::int64_t in(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low + 1);
    return low + static_cast<std::int64_t>(problem::derive_seed(seed_, count_++) % span);
  }
  bool one_in(std::int64_t n) { return in(1, n) == 1; }
  template <typename T, std::size_t N>
  T pick(const std::array<T, N>& choices) {
    return choices[static_cast<std::size_t>(in(0, static_cast<std::int64_t>(N) - 1))];
  }
  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1],
                values[static_cast<std::size_t>(in(0, static_cast<std::int64_t>(i) - 1))]);
    }
  }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

std::vector<double> numbers(Dice& dice, std::int64_t count, double unit) {
  std::vector<double> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(unit * static_cast<double>(dice.in(1, 40)));
  }
  return result;
}

void draw_sizes(Dice& dice, Problem& problem) {
  problem.sequences.clear();
  const std::int64_t batch = dice.in(1, 5);
  for (std::int64_t b = 0; b < batch; ++b) {
    Sequence sequence;
    sequence.kv_len = dice.one_in(6) ? dice.in(0, 2) : dice.in(0, 80);
    sequence.q_len = dice.one_in(2) ? 1 : dice.in(0, 20);
    problem.sequences.push_back(sequence);
  }
  problem.num_kv_heads = dice.in(1, 4);
  problem.num_q_heads = problem.num_kv_heads * dice.in(1, 4);
  problem.head_dim_qk = dice.in(1, 40);
  problem.head_dim_v = dice.one_in(4) ? dice.in(1, 40) : problem.head_dim_qk;
  problem.scale = dice.pick(std::array{1.0, 0.125, 0.17677669529663687, 0.5});
}

void draw_mask(Dice& dice, Problem& problem) {
  problem.mask.causal = dice.one_in(2);
  if (dice.one_in(4)) problem.mask.window_left = dice.in(0, 40);
  if (dice.one_in(6)) problem.mask.window_right = dice.in(0, 20);
  if (dice.one_in(8)) problem.mask.attention_chunk = dice.in(1, 30);
  if (dice.one_in(8)) {
    for (const Sequence& sequence : problem.sequences) {
      problem::Tree tree;
      const std::int64_t nodes = dice.in(0, std::min<std::int64_t>(sequence.kv_len, 8));
      for (std::int64_t node = 0; node < nodes; ++node) {
        tree.parent.push_back(static_cast<std::int32_t>(dice.in(-1, node - 1)));
      }
      problem.mask.tree.push_back(tree);
    }
  }
  if (dice.one_in(8)) {
    for (const Sequence& sequence : problem.sequences) {
      std::vector<std::uint8_t> bits(static_cast<std::size_t>(sequence.q_len * sequence.kv_len));
      for (std::uint8_t& bit : bits) bit = dice.one_in(4) ? 0 : 1;
      problem.mask.custom.push_back(bits);
    }
  }
}

void draw_modifiers(Dice& dice, Problem& problem) {
  if (dice.one_in(4)) problem.softcap = 30.0;
  if (dice.one_in(6)) problem.alibi_slopes = numbers(dice, problem.num_q_heads, 0.0625);
  if (dice.one_in(6)) problem.sinks = numbers(dice, problem.num_q_heads, 0.5);
  if (dice.one_in(8)) {
    problem.bias = dice.one_in(2) ? problem::Bias::kPerHead : problem::Bias::kShared;
  }
  if (dice.one_in(8)) {
    const std::array counts = {std::int64_t{1}, problem.num_kv_heads,
                               problem.num_kv_heads * problem.batch()};
    const std::int64_t count = dice.pick(counts);
    problem.k_scale = numbers(dice, count, 0.25);
    problem.v_scale = numbers(dice, dice.pick(counts), 0.375);
  }
  if (dice.one_in(10)) problem.o_scale = 0.75;
  if (dice.one_in(8)) {
    for (Sequence& sequence : problem.sequences) sequence.start_pos = dice.in(-3, 60);
  }
  if (dice.one_in(6)) {
    problem.k_dtype = problem::DType::kE4M3;
    problem.v_dtype = problem::DType::kE4M3;
  }
  if (dice.one_in(10) && problem.head_dim_v <= problem.head_dim_qk) {
    problem.v_is_k_prefix = true;
    problem.v_dtype = problem.k_dtype;
    problem.v_scale = problem.k_scale;
  }
}

problem::Strides draw_strides(Dice& dice, const Problem& problem) {
  problem::Strides strides;
  if (!dice.one_in(4)) return strides;
  strides.q = {0, dice.in(0, 3), dice.in(0, 2), dice.in(0, 1), dice.one_in(3)};
  strides.k.head = dice.in(0, 5);
  if (!problem.v_is_k_prefix) strides.v.lane = dice.in(0, 2);
  strides.o.token = dice.in(0, 4);
  strides.lse.head = dice.in(0, 1);
  return strides;
}

KvStorage draw_storage(Dice& dice, const Problem& problem) {
  KvStorage storage;
  storage.strides = draw_strides(dice, problem);
  if (dice.one_in(3)) {
    storage.gap_tokens = dice.in(0, 3);
    return storage;
  }
  storage.layout = dice.pick(std::array{KvLayout::kPagedNHD, KvLayout::kPagedHND});
  storage.page_size = dice.pick(std::array<std::int64_t, 6>{1, 2, 4, 5, 16, 32});
  std::vector<std::int64_t> lengths;
  std::int64_t pages = 0;
  for (const Sequence& sequence : problem.sequences) {
    lengths.push_back((sequence.kv_len + storage.page_size - 1) / storage.page_size);
    pages += lengths.back();
  }
  storage.num_pages = pages + dice.in(1, 6);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(storage.num_pages));
  std::iota(ids.begin(), ids.end(), 0);
  dice.shuffle(ids);
  std::size_t next = 0;
  for (const std::int64_t length : lengths) {
    std::vector<std::int32_t> row;
    for (std::int64_t i = 0; i < length; ++i) row.push_back(ids[next++]);
    storage.block_table.push_back(row);
  }
  if (storage.block_table.size() > 1 && dice.one_in(3)) {  // a shared prefix
    auto& first = storage.block_table[0];
    auto& second = storage.block_table[1];
    const auto shared = static_cast<std::int64_t>(std::min(first.size(), second.size()));
    std::copy_n(first.begin(), dice.in(0, shared), second.begin());
  }
  storage.extra_table_columns = dice.in(0, 3);
  return storage;
}

void draw_parts(Dice& dice, const Problem& problem, Plan& plan) {
  const std::int64_t count = dice.in(2, 7);
  plan.parts.assign(static_cast<std::size_t>(count), {});
  for (const Sequence& sequence : problem.sequences) {
    std::vector<std::int64_t> cuts = {0, sequence.kv_len};
    for (std::int64_t cut = 1; cut < count; ++cut) cuts.push_back(dice.in(0, sequence.kv_len));
    std::sort(cuts.begin(), cuts.end());
    std::vector<Range> ranges;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) ranges.push_back({cuts[i], cuts[i + 1]});
    if (dice.one_in(2)) dice.shuffle(ranges);
    for (std::size_t part = 0; part < ranges.size(); ++part) {
      plan.parts[part].push_back(ranges[part]);
    }
  }
  if (dice.one_in(2)) return;
  std::vector<std::int32_t> states(static_cast<std::size_t>(count));  // a random binary tree
  std::iota(states.begin(), states.end(), 0);
  for (auto next = static_cast<std::int32_t>(count); states.size() > 1; ++next) {
    dice.shuffle(states);
    plan.merges.push_back({states[states.size() - 1], states[states.size() - 2]});
    states.resize(states.size() - 2);
    states.push_back(next);
  }
}

Plan draw_plan(Dice& dice, const Problem& problem) {
  Plan plan;
  if (dice.one_in(4)) {
    for (const Sequence& sequence : problem.sequences) {
      std::vector<std::int64_t> chunks;
      for (std::int64_t left = sequence.q_len; left > 0;) {
        chunks.push_back(dice.in(1, left));
        left -= chunks.back();
      }
      plan.chunks.push_back(chunks);
    }
  }
  if (dice.one_in(3)) draw_parts(dice, problem, plan);
  if (dice.one_in(4)) plan.num_splits = static_cast<std::int32_t>(dice.in(0, 9));
  if (dice.one_in(8)) plan.schedule_seed = static_cast<std::uint64_t>(dice.in(0, 1 << 20));
  return plan;
}

void draw_poisons(Dice& dice, std::vector<problem::Poison>& poisons) {
  for (int place = 0; place < problem::kNumPoisonPlaces; ++place) {
    if (!dice.one_in(4)) continue;
    problem::Poison poison;
    poison.place = static_cast<problem::PoisonPlace>(place);
    poison.kind = static_cast<problem::PoisonKind>(dice.in(0, problem::kNumPoisonKinds - 1));
    poison.in_k = dice.one_in(2);
    poison.in_v = !poison.in_k || dice.one_in(2);
    poisons.push_back(poison);
  }
}

void draw_overrides(Dice& dice, Case& value) {
  for (std::int64_t i = dice.in(1, 5); i > 0; --i) {
    problem::Override entry;
    entry.tensor = static_cast<problem::Tensor>(dice.in(0, 1));
    entry.sequence = dice.in(0, value.problem().batch() - 1);
    const problem::Extent extent =
        problem::extent_of(value.problem(), entry.tensor, entry.sequence);
    if (extent.tokens == 0) continue;
    entry.token = dice.in(0, extent.tokens - 1);
    entry.head = dice.in(0, extent.heads - 1);
    entry.lane = dice.in(0, extent.lanes - 1);
    entry.bits = problem::encode(extent.type, static_cast<double>(dice.in(-9, 9)) / 8.0);
    value.values.overrides.push_back(entry);
  }
}

}  // namespace

Case random_case(std::uint64_t seed) {
  Dice dice(problem::derive_seed(0x5eed, seed));
  Problem problem;
  draw_sizes(dice, problem);
  draw_mask(dice, problem);
  draw_modifiers(dice, problem);
  Case value = problem::make_case(problem);
  value.storage = draw_storage(dice, problem);
  value.plan = draw_plan(dice, problem);
  draw_poisons(dice, value.poisons);
  value.values.distribution =
      static_cast<problem::Distribution>(dice.in(0, problem::kNumDistributions - 1));
  value.values.seed = problem::derive_seed(seed, 1);
  value.values.needle = dice.in(0, std::max<std::int64_t>(problem.max_kv_len() - 1, 0));
  if (dice.one_in(5)) draw_overrides(dice, value);
  value.property = "oracle.output";
  value.kernel = "test";
  return value;
}

Case plain_case() {
  Problem problem;
  problem.sequences = {Sequence{}};
  Case value = problem::make_case(problem);
  for (const auto tensor : {problem::Tensor::kQ, problem::Tensor::kK, problem::Tensor::kV}) {
    value.values.overrides.push_back({tensor, 0, 0, 0, 0, 0});
  }
  return value;
}

Case smallest_case() {
  Problem problem;
  problem.sequences = {Sequence{0, 0, {}}};
  return problem::make_case(problem);
}

}  // namespace attest::tests
