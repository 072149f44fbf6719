#include "tests/oracle/engine_example.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "oracle/fpenv.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {

using oracle::Mp;
namespace simd = oracle::simd;

namespace {

/// Nothing but exact functions and basic operations: golden bits hang on it.
double draw(EngineData data, bool value, Random& random) {
  const double x = random.normal();
  const auto power = static_cast<int>(random.between(0, 600));
  switch (data) {
    case EngineData::kNormal:
      return x;
    case EngineData::kLargeScores:
      return value ? x : 5.5 * x;
    case EngineData::kHeavyTails:
      return std::ldexp(x, std::countr_zero(random.bits() | 0x1000));
    case EngineData::kHuge:
      return value ? std::ldexp(x, 1000) : std::ldexp(x, power / 20);
    case EngineData::kTiny:
      return value ? std::ldexp(x, -1060) : std::ldexp(x, -power);
    case EngineData::kOneHot:
      return value ? (power < 60 ? 1.0 : 0.0) : x;
    case EngineData::kOffset:
      return 100 + x;
    case EngineData::kFloats:
      return static_cast<float>(x);
  }
  return x;
}

void add_features(const EngineShape& shape, Random& random, EngineExample::Row& row) {
  row.factor *= random.uniform(0.5, 1.5);
  row.factor_low = row.factor * 0x1p-54 * random.uniform(-1, 1);
  row.v_scale = random.chance(50) ? 1 : random.uniform(0.1, 1.1);
  row.has_sink = random.chance(30);
  row.sink = row.has_sink ? 10 * random.normal() : 0;
  row.first = random.chance(50) ? random.between(0, shape.count - 1) : 0;
  row.last = random.between(row.first, shape.count);
}

void add_extra(std::int64_t count, Random& random, EngineExample::Row& row) {
  for (std::int64_t j = 0; j < count; ++j) {
    const bool hidden = random.chance(20);
    const double alibi = -0.3 * static_cast<double>(j), bias = random.normal();
    const double low = (alibi + bias) * 0x1p-54 * random.uniform(-1, 1);
    row.extra.push_back(hidden ? -kInfinity : alibi + bias);
    row.extra_low.push_back(hidden ? 0 : low);
    row.extra_size.push_back(hidden ? kInfinity : std::abs(alibi) + std::abs(bias));
  }
}

/// Memory aligned to 64 bytes, full of NaN.
class Memory {
 public:
  explicit Memory(std::int64_t size) : memory_(static_cast<std::size_t>(size) + 8, NAN) {}
  double* get() {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + (64 - address % 64) % 64 / sizeof(double);
  }

 private:
  std::vector<double> memory_;
};

simd::BlockRow block_row(const EngineExample& example, const EngineExample::Row& row,
                         EngineResult& result) {
  for (std::vector<double>* x : {&result.o, &result.o_low, &result.ball}) {
    x->assign(static_cast<std::size_t>(example.shape.dim_v), NAN);
  }
  const bool extra = !row.extra.empty();
  return {.q = row.q.data(),
          .factor = row.factor,
          .factor_low = row.factor_low,
          .v_scale = row.v_scale,
          .first = row.first,
          .last = row.last,
          .extra = extra ? row.extra.data() : nullptr,
          .extra_low = extra ? row.extra_low.data() : nullptr,
          .extra_size = extra ? row.extra_size.data() : nullptr,
          .sink = row.sink,
          .has_sink = row.has_sink,
          .o = result.o.data(),
          .o_low = result.o_low.data(),
          .ball = result.ball.data()};
}

void collect(const simd::BlockRow& row, EngineResult& result) {
  result.lse = row.lse;
  result.lse_low = row.lse_low;
  result.lse_ball = row.lse_ball;
  result.max_t = row.max_t;
  result.l = row.l;
  result.finite = row.finite;
}

void collect_scores(const simd::Scratch& scratch, std::int64_t r, EngineResult& result) {
  result.first_key = scratch.first_panel * simd::kPanel;
  for (std::int64_t j = result.first_key; j < scratch.last_panel * simd::kPanel; ++j) {
    const std::int64_t entry = simd::panel_entry(r, j);
    result.weights.push_back(scratch.weights[entry]);
    result.dots.push_back(scratch.dots[entry]);
    result.scores.push_back(scratch.scores != nullptr ? scratch.scores[entry]
                                                      : scratch.dots[entry]);
  }
}

}  // namespace

EngineExample engine_example(EngineData data, const EngineShape& shape, bool features,
                             std::uint64_t seed) {
  Random random(seed);
  EngineExample example{.shape = shape};
  for (std::int64_t i = 0; i < shape.count * shape.dim_qk; ++i) {
    example.k.push_back(draw(data, false, random));
  }
  for (std::int64_t i = 0; i < shape.count * shape.dim_v; ++i) {
    example.v.push_back(draw(data, true, random));
  }
  if (features && random.chance(40)) example.softcap = random.uniform(0.5, 30);
  const bool extra = features && random.chance(60);
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    EngineExample::Row row;
    for (std::int64_t d = 0; d < shape.dim_qk; ++d) row.q.push_back(draw(data, false, random));
    row.factor = 1 / std::sqrt(static_cast<double>(shape.dim_qk));
    row.last = shape.count;
    if (features) add_features(shape, random, row);
    if (extra && random.chance(80)) add_extra(shape.count, random, row);
    example.rows.push_back(row);
  }
  return example;
}

std::vector<EngineResult> run_engine(const simd::Engine& engine, Tier tier,
                                     const EngineExample& example, std::int64_t at_once,
                                     bool keep_scores) {
  const oracle::DefaultFpEnv guard;
  const EngineShape& shape = example.shape;
  simd::Keys keys{.count = shape.count, .dim_qk = shape.dim_qk, .dim_v = shape.dim_v};
  Memory key_memory(simd::keys_size(keys)), scratch_memory(simd::scratch_size(keys));
  simd::place_keys(keys, key_memory.get());
  engine.pack(example.k.data(), shape.dim_qk, example.v.data(), shape.dim_v, keys);
  simd::Scratch scratch{.memory = scratch_memory.get(), .keep_scores = keep_scores};

  std::vector<EngineResult> results(example.rows.size());
  const auto rows = static_cast<std::int64_t>(results.size());
  for (std::int64_t first = 0; first < rows; first += at_once) {
    simd::Block block;
    block.keys = &keys;
    block.softcap = example.softcap;
    block.num_rows = std::min(at_once, rows - first);
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      block.rows[r] = block_row(example, example.rows[first + r], results[first + r]);
    }
    (tier == Tier::kDouble ? engine.attend_double : engine.attend_double_double)(block, scratch);
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      collect(block.rows[r], results[first + r]);
      if (keep_scores) collect_scores(scratch, r, results[first + r]);
    }
  }
  return results;
}

EngineTruth true_row(const EngineExample& example, const EngineExample::Row& row) {
  const EngineShape& shape = example.shape;
  std::vector<std::int64_t> seen;
  std::vector<Mp> scores;
  for (std::int64_t j = row.first; j < row.last; ++j) {
    if (!row.extra.empty() && row.extra[j] == -kInfinity) continue;
    Mp dot = 0;
    for (std::int64_t d = 0; d < shape.dim_qk; ++d) {
      dot += Mp(row.q[d]) * example.k[j * shape.dim_qk + d];
    }
    Mp t = dot * (Mp(row.factor) + row.factor_low);
    if (example.softcap > 0) t = example.softcap * tanh(Mp(t / example.softcap));
    if (!row.extra.empty()) t += Mp(row.extra[j]) + row.extra_low[j];
    seen.push_back(j);
    scores.push_back(t);
  }
  EngineTruth truth;
  truth.empty = seen.empty();
  truth.o.assign(static_cast<std::size_t>(shape.dim_v), Mp(0));
  if (row.has_sink) scores.emplace_back(row.sink);
  if (scores.empty()) return truth;
  const Mp most = *std::max_element(scores.begin(), scores.end());
  Mp l = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const Mp weight = exp(Mp(scores[i] - most));
    l += weight;
    if (i >= seen.size()) continue;
    for (std::int64_t d = 0; d < shape.dim_v; ++d) {
      truth.o[d] += weight * example.v[seen[i] * shape.dim_v + d];
    }
  }
  for (Mp& o : truth.o) o *= row.v_scale / l;
  truth.lse = most + log(l);
  return truth;
}

std::vector<const simd::Engine*> engines_here() {
  std::vector<const simd::Engine*> engines;
  for (const char* name : {"avx512", "avx2", "portable"}) {
    if (const simd::Engine* found = simd::find_engine(name)) engines.push_back(found);
  }
  return engines;
}

}  // namespace attest::tests
