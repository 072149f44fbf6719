#include "properties/second_look.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "oracle/compare.h"
#include "oracle/visible.h"
#include "problem/values.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;
using problem::Problem;
using problem::Range;

/// A sum of n like terms has a last place up to n times as coarse as theirs: only changes that
/// large make its roundings others. Larger ones would make another case of it.
constexpr double kLargestChange = 0x1p-6;
constexpr double kSmallestChangeUlps = 4;

/// Numbers in [-1, 1] that depend on the seed and on how many were asked for before.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t bits() { return problem::derive_seed(seed_, count_++); }
  double number() { return std::ldexp(static_cast<double>(bits() >> 11), -52) - 1; }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

/// Moves every finite element by up to `change` times its size, by an ulp or so at least, and by up
/// to `shift`.
void dither(Elements& elements, double change, double shift, Noise& noise) {
  const double ulp = 2 * problem::unit_roundoff(elements.type());
  const double least = std::min(kSmallestChangeUlps * ulp, std::max(ulp, kLargestChange));
  const double most = std::max(change, least);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const double value = elements.value(i);
    const double moved = value + (most * std::abs(value) + shift) * noise.number();
    const bool fits = std::abs(moved) <= problem::largest_finite(elements.type());
    if (std::isfinite(value) && fits) elements.set(i, moved);
  }
}

double largest_norm(const Elements& elements, std::int64_t dim) {
  double largest = 0;
  const auto width = static_cast<std::size_t>(dim);
  for (std::size_t i = 0; i < elements.size(); i += width) {
    double squares = 0;
    for (std::size_t d = 0; d < width; ++d) squares += std::pow(elements.value(i + d), 2);
    if (std::isfinite(squares)) largest = std::max(largest, squares);
  }
  return std::sqrt(largest);
}

double largest_of(const problem::Scales& scales) {
  double largest = scales.empty() ? 1.0 : 0.0;
  for (const double scale : scales) largest = std::max(largest, std::abs(scale));
  return largest;
}

/// a / b, at most `limit`.
double quotient(double a, double b, double limit) { return a < limit * b ? a / b : limit; }

/// Which rows see a key, and whether it is in the range: keys with equal strings may change places.
std::string role_of(const Problem& problem, std::int64_t b, std::int64_t key, const Range& range) {
  const auto rows = static_cast<std::size_t>(problem.sequences[static_cast<std::size_t>(b)].q_len);
  std::string role(rows + 1, '0');
  for (std::size_t row = 0; row < rows; ++row) {
    if (oracle::visible(problem, b, static_cast<std::int64_t>(row), key)) role[row] = '1';
  }
  if (key >= range.begin && key < range.end) role[rows] = '1';
  return role;
}

/// For every key of a sequence the one that takes its place.
std::vector<std::int64_t> exchange(const Problem& problem, std::int64_t b, const Range& range,
                                   Noise& noise) {
  const std::int64_t count = problem.sequences[static_cast<std::size_t>(b)].kv_len;
  std::vector<std::int64_t> taker(static_cast<std::size_t>(count));
  std::iota(taker.begin(), taker.end(), 0);
  if (!problem.alibi_slopes.empty() || problem.bias != problem::Bias::kNone) return taker;
  std::map<std::string, std::vector<std::int64_t>> groups;
  for (std::int64_t key = 0; key < count; ++key)
    groups[role_of(problem, b, key, range)].push_back(key);
  for (const auto& [role, keys] : groups) {
    std::vector<std::int64_t> order = keys;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[noise.bits() % i]);
    for (std::size_t i = 0; i < keys.size(); ++i)
      taker[static_cast<std::size_t>(keys[i])] = order[i];
  }
  return taker;
}

/// Moves tokens of `row` elements each: token j becomes the one of index from[j].
void reorder(Elements& elements, std::int64_t first, std::int64_t row,
             const std::vector<std::int64_t>& from) {
  const std::size_t bytes = static_cast<std::size_t>(row) * problem::size_of(elements.type());
  if (from.empty() || bytes == 0) return;
  std::byte* base = elements.data() + static_cast<std::size_t>(first) * bytes;
  const std::vector<std::byte> before(base, base + from.size() * bytes);
  for (std::size_t j = 0; j < from.size(); ++j) {
    std::memcpy(base + j * bytes, before.data() + static_cast<std::size_t>(from[j]) * bytes, bytes);
  }
}

void copy_prefix(const Problem& problem, problem::Inputs& inputs) {
  const auto from = static_cast<std::size_t>(problem.head_dim_qk);
  const auto to = static_cast<std::size_t>(problem.head_dim_v);
  for (std::size_t i = 0; i < inputs.v.size(); ++i) {
    inputs.v.set_bits(i, inputs.k.bits(i / to * from + i % to));
  }
}

bool any_page_shared(const problem::KvStorage& storage) {
  std::vector<std::int32_t> pages;
  for (const auto& row : storage.block_table) pages.insert(pages.end(), row.begin(), row.end());
  std::sort(pages.begin(), pages.end());
  return std::adjacent_find(pages.begin(), pages.end()) != pages.end();
}

}  // namespace

Scene variant(const Scene& scene, const std::vector<Range>& keys, const problem::Numerics& numerics,
              int run) {
  Scene out = scene;
  Problem& problem = out.problem;
  if (any_page_shared(scene.storage)) {
    out.storage = plain_storage(problem, scene.storage.layout, scene.storage.page_size);
    out.storage.extra_table_columns = scene.storage.extra_table_columns;
  }
  Noise noise(problem::derive_seed(scene.junk_seed, 0x6c6f6f6b + static_cast<std::uint64_t>(run)));

  double unit = problem::unit_roundoff(numerics.accumulate);
  if (numerics.product_bits > 0) unit = std::max(unit, std::ldexp(1.0, -numerics.product_bits));
  const double change =
      std::min(4 * static_cast<double>(problem.max_kv_len()) * unit, kLargestChange);
  // Weights change by as much as scores do, in absolute terms; q = 0 must not keep them equal.
  // Rounded to a type of their own, scores and weights have to leave its last place.
  const double weight_change =
      std::max(change, kSmallestChangeUlps * problem::unit_roundoff(numerics.p_dtype));
  const double score_ulps = kSmallestChangeUlps * problem::unit_roundoff(numerics.score_dtype);
  const double q_norm = largest_norm(scene.inputs.q, problem.head_dim_qk);
  const double k_norm = largest_norm(scene.inputs.k, problem.head_dim_qk);
  const double factor =
      std::abs(problem.scale) * largest_of(problem.q_scale) * largest_of(problem.k_scale);
  const double score_change =
      std::max(quotient(weight_change, factor * q_norm * k_norm, kLargestChange), score_ulps);
  const double q_shift = quotient(weight_change, factor * k_norm, q_norm > 0 ? q_norm : 1);
  dither(out.inputs.q, score_change, q_shift, noise);
  dither(out.inputs.k, score_change, 0, noise);
  dither(out.inputs.v, change, 0, noise);
  for (double& sink : problem.sinks) sink = static_cast<float>(sink + change * noise.number());

  std::int64_t first = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const std::int64_t count = problem.sequences[static_cast<std::size_t>(b)].kv_len;
    const Range range = keys.empty() ? Range{0, count} : keys[static_cast<std::size_t>(b)];
    const std::vector<std::int64_t> from = exchange(problem, b, range, noise);
    reorder(out.inputs.k, first, problem.num_kv_heads * problem.head_dim_qk, from);
    reorder(out.inputs.v, first, problem.num_kv_heads * problem.head_dim_v, from);
    first += count;
  }
  if (problem.v_is_k_prefix) copy_prefix(problem, out.inputs);
  return out;
}

std::optional<problem::Suspicion> look_again(Harness& harness, const Scene& scene,
                                             const oracle::ExpectOptions& options,
                                             const Suspect& suspect,
                                             const std::function<Run(const Scene&)>& again) {
  const problem::Numerics numerics = harness.info().declared_numerics();
  const bool is_o = suspect.found.where.tensor == "o";
  const double unit = is_o ? scene.problem.o_scale.value_or(1.0) : harness.lse_unit();
  for (int run = 0; run < kSecondLooks; ++run) {
    const Scene other = variant(scene, options.keys, numerics, run);
    if (!harness.supported(other)) return std::nullopt;
    const Run repeated = again(other);
    if (repeated.failure) return std::nullopt;
    const oracle::Expected expected = harness.expect(other, options);
    const double error = oracle::excess(is_o ? repeated.out.o : repeated.out.lse, suspect.index,
                                        (is_o ? expected.o : expected.lse)[suspect.index], unit);
    if (!(error * suspect.error > 0)) return std::nullopt;
  }
  problem::Suspicion suspicion = suspect.found;
  suspicion.runs = kSecondLooks;
  return suspicion;
}

}  // namespace attest::properties
