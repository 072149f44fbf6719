#include "bench/speed_cases.h"

#include <array>

#include "bench/random.h"

namespace attest::bench {
namespace {

constexpr std::int64_t kLongest = 200;

/// Choices that k decides.
class Choices {
 public:
  explicit Choices(std::uint64_t k) : random_(k * 0x9e3779b97f4a7c15ull >> 8) {}

  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(random_() >> 1) % count;
  }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + below(last - first + 1);
  }
  template <std::size_t kCount>
  std::int64_t of(const std::array<std::int64_t, kCount>& values) {
    return values[static_cast<std::size_t>(below(std::int64_t{kCount}))];
  }
  bool coin() { return below(2) == 0; }

 private:
  Random random_;
};

problem::Problem typed(problem::DType type) {
  problem::Problem problem;
  problem.q_dtype = problem.k_dtype = problem.v_dtype = problem.o_dtype = type;
  problem.scale = 1.0 / 8;
  return problem;
}

problem::Case finished(const problem::Problem& problem, std::uint64_t k) {
  problem::Case value = problem::make_case(problem);
  value.property = "oracle.output";
  value.values.distribution = problem::Distribution::kNormal;
  value.values.seed = k;
  return value;
}

}  // namespace

problem::Case llama_case(std::uint64_t k, problem::DType type) {
  Choices choices(k);
  problem::Problem problem = typed(type);
  problem.head_dim_qk = problem.head_dim_v = choices.of<7>({40, 64, 80, 96, 128, 192, 256});
  problem.sequences = {
      {.q_len = choices.of<4>({1, 3, 32, 75}), .kv_len = choices.of<4>({113, 256, 512, 1024})}};
  problem.num_kv_heads = 4;
  problem.num_q_heads = choices.coin() ? 4 : 16;
  problem.mask.causal = choices.coin();
  if (choices.coin()) problem.softcap = 10;
  return finished(problem, k);
}

problem::Case paged_case(std::uint64_t k, problem::DType type) {
  Choices choices(k);
  problem::Problem problem = typed(type);
  problem.mask.causal = true;
  problem.num_kv_heads = choices.between(1, 2);
  problem.num_q_heads = problem.num_kv_heads * choices.between(1, 2);
  constexpr std::array<std::int64_t, 3> kPages = {8, 16, 32};
  const std::int64_t page_size = choices.of(kPages);
  problem.head_dim_qk = problem.head_dim_v = page_size == 8 ? 32 : 64;
  const std::int64_t sequences = choices.between(1, 3);
  problem::KvStorage storage{.layout = problem::KvLayout::kPagedXSplit, .page_size = page_size};
  for (std::int64_t b = 0; b < sequences; ++b) {
    const std::int64_t keys = choices.between(1, kLongest);
    problem.sequences.push_back({.q_len = 1, .kv_len = keys, .start_pos = keys - 1});
    auto& table = storage.block_table.emplace_back();
    for (std::int64_t t = 0; t < keys; t += page_size) {
      table.push_back(static_cast<std::int32_t>(storage.num_pages++));
    }
  }
  problem::Case value = finished(problem, k);
  value.storage = storage;
  return value;
}

problem::Case prefill_case(std::uint64_t k, problem::DType type) {
  Choices choices(k);
  problem::Problem problem = typed(type);
  problem.num_kv_heads = choices.between(1, 2);
  problem.num_q_heads = problem.num_kv_heads * choices.between(1, 2);
  problem.head_dim_qk = problem.head_dim_v = choices.coin() ? 32 : 64;
  problem.mask.causal = choices.coin();
  const std::int64_t keys = choices.between(1, kLongest);
  const std::int64_t rows = choices.between(1, keys);
  problem.sequences.assign(static_cast<std::size_t>(choices.between(1, 2)),
                           {.q_len = rows, .kv_len = keys, .start_pos = keys - rows});
  return finished(problem, k);
}

}  // namespace attest::bench
