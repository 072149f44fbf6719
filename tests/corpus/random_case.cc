#include "tests/corpus/random_case.h"

#include <algorithm>
#include <limits>

namespace attest::tests {
namespace {

using problem::DType;
using problem::KvLayout;
using problem::Problem;
using problem::Tensor;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t bits() { return problem::derive_seed(seed_, next_++); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }
  /// Any finite number that f32 has, from the whole range of exponents.
  double number() {
    const double value = problem::decode(DType::kF32, bits() & 0xffffffffU);
    return value - value == 0.0 && value != 0.0 ? value : 0.1F;
  }
  std::vector<double> numbers(std::int64_t count) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(number());
    return out;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

void draw_mask(Draws& draws, Problem& problem) {
  problem::Mask& mask = problem.mask;
  mask.causal = draws.one_in(2);
  if (draws.one_in(3)) mask.window_left = draws.between(0, 40);
  if (draws.one_in(4)) mask.window_right = draws.between(0, 40);
  if (draws.one_in(4)) mask.attention_chunk = draws.between(1, 40);
  if (draws.one_in(4)) {
    for (const problem::Sequence& sequence : problem.sequences) {
      problem::Tree tree;
      const std::int64_t size = draws.between(0, std::min<std::int64_t>(sequence.kv_len, 5));
      for (std::int64_t t = 0; t < size; ++t) {
        tree.parent.push_back(static_cast<std::int32_t>(draws.between(-1, t - 1)));
      }
      mask.tree.push_back(tree);
    }
  }
  if (draws.one_in(4)) {
    for (const problem::Sequence& sequence : problem.sequences) {
      std::vector<std::uint8_t> rows;
      for (std::int64_t i = 0; i < sequence.q_len * sequence.kv_len; ++i) {
        rows.push_back(draws.one_in(2) ? 1 : 0);
      }
      mask.custom.push_back(rows);
    }
  }
}

Problem draw_problem(Draws& draws) {
  Problem problem;
  const std::int64_t batch = draws.between(1, 4);
  for (std::int64_t b = 0; b < batch; ++b) {
    problem::Sequence sequence;
    sequence.q_len = draws.between(0, 4);
    sequence.kv_len = draws.between(0, 20);
    if (draws.one_in(4)) sequence.start_pos = draws.between(0, 30);
    problem.sequences.push_back(sequence);
  }
  problem.num_kv_heads = draws.between(1, 3);
  problem.num_q_heads = problem.num_kv_heads * draws.between(1, 3);
  problem.head_dim_qk = draws.between(1, 8);
  problem.head_dim_v = draws.between(1, problem.head_dim_qk);
  const auto any_type = [&draws] { return static_cast<DType>(draws.between(0, 5)); };
  problem.q_dtype = any_type();
  problem.k_dtype = any_type();
  problem.v_dtype = any_type();
  problem.o_dtype = any_type();
  problem.scale = draws.number() / 3.0;
  if (draws.one_in(3)) problem.softcap = std::abs(draws.number());
  if (draws.one_in(4)) problem.alibi_slopes = draws.numbers(problem.num_q_heads);
  if (draws.one_in(4)) {
    problem.sinks = draws.numbers(problem.num_q_heads);
    problem.sinks[0] = -std::numeric_limits<double>::infinity();
  }
  problem.bias = static_cast<problem::Bias>(draws.between(0, 2));
  if (draws.one_in(4)) problem.q_scale = draws.numbers(1);
  if (draws.one_in(4)) problem.k_scale = draws.numbers(problem.num_kv_heads);
  if (draws.one_in(4)) problem.v_scale = draws.numbers(batch * problem.num_kv_heads);
  if (draws.one_in(4)) problem.o_scale = draws.number();
  draw_mask(draws, problem);
  return problem;
}

problem::Gaps draw_gaps(Draws& draws, bool has_outer, bool is_input) {
  problem::Gaps gaps;
  if (draws.one_in(2)) return gaps;
  if (has_outer) gaps.outer = draws.between(0, 9);
  gaps.token = draws.between(0, 3);
  gaps.head = draws.between(0, 3);
  gaps.one_head = is_input && draws.one_in(3);
  return gaps;
}

problem::Strides draw_strides(Draws& draws, const Problem& problem, KvLayout layout) {
  problem::Strides strides;
  const bool has_outer = layout != KvLayout::kContiguous;
  const bool v_in_k = problem.v_is_k_prefix || layout == KvLayout::kPagedInterleaved;
  strides.q = draw_gaps(draws, false, true);
  strides.k = draw_gaps(draws, has_outer, true);
  if (!v_in_k) strides.v = draw_gaps(draws, has_outer, true);
  strides.o = draw_gaps(draws, false, false);
  strides.o.lane = draws.between(0, 2);
  strides.lse = draw_gaps(draws, false, false);
  return strides;
}

problem::KvStorage draw_storage(Draws& draws, const Problem& problem) {
  problem::KvStorage storage;
  storage.layout = static_cast<KvLayout>(draws.between(0, 4));
  const bool halves = !problem.v_is_k_prefix && problem.head_dim_qk == problem.head_dim_v &&
                      problem.k_dtype == problem.v_dtype;
  if (storage.layout == KvLayout::kPagedInterleaved && !halves) {
    storage.layout = KvLayout::kPagedNHD;
  }
  if (draws.one_in(2)) storage.strides = draw_strides(draws, problem, storage.layout);
  if (storage.layout == KvLayout::kContiguous) storage.gap_tokens = draws.between(0, 3);
  if (!problem::is_paged(storage.layout)) return storage;
  storage.page_size = draws.between(1, 8);
  storage.extra_table_columns = draws.between(0, 3);
  std::int32_t next = 0;
  for (const problem::Sequence& sequence : problem.sequences) {
    std::vector<std::int32_t> row;
    const std::int64_t used = (sequence.kv_len + storage.page_size - 1) / storage.page_size;
    for (std::int64_t i = 0; i < used; ++i) row.push_back(next++);
    std::reverse(row.begin(), row.end());
    storage.block_table.push_back(row);
  }
  storage.num_pages = next + draws.between(1, 5);
  return storage;
}

problem::Plan draw_plan(Draws& draws, const Problem& problem) {
  problem::Plan plan;
  if (draws.one_in(3)) {
    for (const problem::Sequence& sequence : problem.sequences) {
      const std::int64_t first = draws.between(0, sequence.q_len);
      plan.chunks.push_back({first, sequence.q_len - first});
    }
  }
  if (draws.one_in(3)) {
    plan.parts.resize(2);
    for (const problem::Sequence& sequence : problem.sequences) {
      const std::int64_t cut = draws.between(0, sequence.kv_len);
      plan.parts[0].push_back({cut, sequence.kv_len});
      plan.parts[1].push_back({0, cut});
    }
    if (draws.one_in(2)) plan.merges = {{1}, {0, 2}};
  }
  if (draws.one_in(3)) plan.num_splits = static_cast<std::int32_t>(draws.between(1, 9));
  if (draws.one_in(3)) plan.schedule_seed = draws.bits();
  return plan;
}

problem::Values draw_values(Draws& draws, const Problem& problem) {
  problem::Values values;
  values.distribution =
      static_cast<problem::Distribution>(draws.between(0, problem::kNumDistributions - 1));
  values.seed = draws.bits();
  if (draws.one_in(2)) values.needle = draws.between(0, 20);
  const auto sequences = static_cast<std::int64_t>(problem.sequences.size());
  const std::int64_t count = draws.one_in(2) ? draws.between(1, 6) : 0;
  for (std::int64_t i = 0; i < count; ++i) {
    problem::Override element;
    element.tensor = static_cast<Tensor>(draws.between(0, 2));
    element.sequence = draws.between(0, sequences - 1);
    const problem::Sequence& sequence =
        problem.sequences[static_cast<std::size_t>(element.sequence)];
    const bool is_q = element.tensor == Tensor::kQ;
    const std::int64_t tokens = is_q ? sequence.q_len : sequence.kv_len;
    if (tokens == 0) continue;
    element.token = draws.between(0, tokens - 1);
    element.head = draws.between(0, (is_q ? problem.num_q_heads : problem.num_kv_heads) - 1);
    const bool is_v = element.tensor == Tensor::kV;
    element.lane = draws.between(0, (is_v ? problem.head_dim_v : problem.head_dim_qk) - 1);
    const DType type = is_q ? problem.q_dtype : is_v ? problem.v_dtype : problem.k_dtype;
    // Any pattern: NaN with payloads, infinities, subnormals, signed zeros.
    element.bits = draws.bits();
    const std::size_t width = 8 * problem::size_of(type);
    if (width < 64) element.bits &= (std::uint64_t{1} << width) - 1;
    values.overrides.push_back(element);
  }
  return values;
}

}  // namespace

problem::Case random_case(std::uint64_t seed) {
  Draws draws(seed);
  problem::Case out = make_case(draw_problem(draws));
  const Problem problem = out.problem();
  out.values = draw_values(draws, problem);
  out.storage = draw_storage(draws, problem);
  out.plan = draw_plan(draws, problem);
  for (int place = 0; place < problem::kNumPoisonPlaces; ++place) {
    if (!draws.one_in(4)) continue;
    problem::Poison poison;
    poison.place = static_cast<problem::PoisonPlace>(place);
    poison.kind = static_cast<problem::PoisonKind>(draws.between(0, problem::kNumPoisonKinds - 1));
    poison.in_v = draws.one_in(2);
    out.poisons.push_back(poison);
  }
  if (draws.one_in(3)) {
    for (std::size_t b = 0; b < problem.sequences.size(); ++b) {
      out.program.calls[0].sequences.push_back("s" + std::to_string(b));
    }
  }
  out.property = draws.one_in(2) ? "oracle.output" : "causality.future";
  if (draws.one_in(2)) out.kernel = "cpu/dense";
  if (draws.one_in(2)) out.note = "caf\xc3\xa9 \"quoted\" \\ <b>";
  if (draws.one_in(3)) out.expected = problem::Expectation{problem::Status::kFail, "nan"};
  if (draws.one_in(3)) {
    out.shrink = problem::ShrinkRecord{draws.between(0, 900), 12, 3, draws.between(0, 9), true};
  }
  return out;
}

}  // namespace attest::tests
