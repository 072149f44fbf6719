#include "tests/kernels/simt/defects/cases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/simt/schedule.h"
#include "tests/kernels/simt/device_array.h"

namespace simt_defects {
namespace {

using attest::simt::DeviceArray;
using attest::simt::Draws;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
// Kernels and reference work on values up to 1 in f32 and f64.
constexpr double kTolerance = 2e-5;

float value(Draws& draws) { return static_cast<float>(draws.below(2001)) / 1000.0f - 1.0f; }
int between(Draws& draws, int low, int high) {
  return low + static_cast<int>(draws.below(static_cast<std::uint32_t>(high - low + 1)));
}
std::size_t size(int a) { return static_cast<std::size_t>(a); }

/// One query over keys and values that functions give: o[d].
template <class Key, class Value>
std::vector<double> attend(const float* q, int dim, int keys, double scale, Key key, Value v) {
  std::vector<double> p(size(keys));
  double largest = -std::numeric_limits<double>::infinity();
  for (int t = 0; t < keys; ++t) {
    double score = 0;
    for (int d = 0; d < dim; ++d) score += double{q[d]} * key(t, d);
    p[size(t)] = score * scale;
    largest = std::max(largest, p[size(t)]);
  }
  double sum = 0;
  for (double& one : p) sum += one = std::exp(one - largest);
  std::vector<double> o(size(dim), 0.0);
  for (int d = 0; d < dim && keys > 0; ++d) {
    for (int t = 0; t < keys; ++t) o[size(d)] += p[size(t)] / sum * v(t, d);
  }
  return o;
}

bool close(const float* got, const std::vector<double>& wanted) {
  for (std::size_t d = 0; d < wanted.size(); ++d) {
    if (!(std::abs(double{got[d]} - wanted[d]) <= kTolerance)) return false;
  }
  return true;
}

Judgement judge(int error, bool numbers) {
  const auto& findings = attest::simt::report().findings;
  if (!findings.empty()) {
    return {true, std::string(attest::simt::name(findings[0].kind)) + ": " + findings[0].text};
  }
  if (error != 0) return {true, "error " + std::to_string(error)};
  return {!numbers, numbers ? "" : "numbers"};
}

Judgement run_paged_case(Defect defect, Draws& draws) {
  const bool small = draws.below(2) == 0;
  PagedCall c = {};
  c.partitioned = defect == Defect::kReduceReadsUnwrittenParts ||
                  defect == Defect::kPartitionsShareSlot || draws.below(4) == 0;
  c.head_dim = small ? 32 : 64;
  c.page = small ? 8 : 16;
  c.kv_heads = between(draws, 1, 2);
  c.heads = c.kv_heads * between(draws, 1, 2);
  c.sequences = between(draws, 1, 3);
  c.scale = 0.25f;
  std::vector<int> lengths;
  for (int s = 0; s < c.sequences; ++s) lengths.push_back(between(draws, 1, 200));
  c.max_length = *std::max_element(lengths.begin(), lengths.end());
  c.pages_per_sequence = (c.max_length + c.page - 1) / c.page;
  const int pages = c.sequences * c.pages_per_sequence;
  const int partitions = (c.max_length + kPartition - 1) / kPartition;
  const std::size_t rows = size(c.sequences * c.heads);

  DeviceArray<int> table(size(pages));
  DeviceArray<int> device_lengths(size(c.sequences));
  std::vector<int> order(size(pages));
  std::iota(order.begin(), order.end(), 0);
  for (int i = pages - 1; i > 0; --i) std::swap(order[size(i)], order[size(between(draws, 0, i))]);
  for (int i = 0; i < pages; ++i) table[size(i)] = order[size(i)];
  for (int s = 0; s < c.sequences; ++s) device_lengths[size(s)] = lengths[size(s)];

  DeviceArray<float> q(rows * size(c.head_dim));
  for (std::size_t i = 0; i < rows * size(c.head_dim); ++i) q[i] = value(draws);
  const std::size_t cache = size(pages * c.kv_heads * c.head_dim * c.page);
  DeviceArray<float> k(cache, kNaN);  // slots without a token hold NaN
  DeviceArray<float> v(cache, kNaN);
  const auto k_at = [&](int s, int h, int t, int d) {
    const int page = table[size(s * c.pages_per_sequence + t / c.page)];
    return size((((page * c.kv_heads + h) * (c.head_dim / 4) + d / 4) * c.page + t % c.page) * 4 +
                d % 4);
  };
  const auto v_at = [&](int s, int h, int t, int d) {
    const int page = table[size(s * c.pages_per_sequence + t / c.page)];
    return size(((page * c.kv_heads + h) * c.head_dim + d) * c.page + t % c.page);
  };
  for (int s = 0; s < c.sequences; ++s) {
    for (int h = 0; h < c.kv_heads; ++h) {
      for (int t = 0; t < lengths[size(s)]; ++t) {
        for (int d = 0; d < c.head_dim; ++d) {
          k[k_at(s, h, t, d)] = value(draws);
          v[v_at(s, h, t, d)] = value(draws);
        }
      }
    }
  }
  DeviceArray<float> out(rows * size(c.head_dim), kNaN, false);
  DeviceArray<float> partial(rows * size(partitions * c.head_dim), kNaN, false);
  DeviceArray<float> exp_sums(rows * size(partitions), kNaN, false);
  DeviceArray<float> maxima(rows * size(partitions), kNaN, false);
  c.out = out.data();
  c.partial = partial.data();
  c.exp_sums = exp_sums.data();
  c.maxima = maxima.data();
  c.q = q.data();
  c.k = k.data();
  c.v = v.data();
  c.table = table.data();
  c.lengths = device_lengths.data();
  const int error = run_paged(defect, c);

  bool numbers = true;
  for (int s = 0; s < c.sequences && error == 0; ++s) {
    for (int h = 0; h < c.heads; ++h) {
      const int kv_head = h / (c.heads / c.kv_heads);
      const std::size_t row = size((s * c.heads + h) * c.head_dim);
      numbers = numbers && close(out.data() + row,
                                 attend(
                                     q.data() + row, c.head_dim, lengths[size(s)], double{c.scale},
                                     [&](int t, int d) { return k[k_at(s, kv_head, t, d)]; },
                                     [&](int t, int d) { return v[v_at(s, kv_head, t, d)]; }));
    }
  }
  return judge(error, numbers);
}

Judgement run_flash_case(Defect defect, Draws& draws) {
  constexpr int kDim = 32;
  constexpr int kTile = 16;
  FlashCall c = {};
  c.batch = between(draws, 1, 2);
  c.kv_heads = between(draws, 1, 2);
  c.heads = c.kv_heads * between(draws, 1, 2);
  c.kv_len = between(draws, 1, 90);
  c.q_len = between(draws, 1, c.kv_len);
  c.causal = draws.below(2) == 0;
  c.scale = 0.25f;
  const std::size_t queries = size(c.batch * c.heads * c.q_len * kDim);
  const std::size_t keys = size(c.batch * c.kv_heads * c.kv_len * kDim);
  DeviceArray<float> q(queries);
  DeviceArray<float> k(keys);
  DeviceArray<float> v(keys);
  DeviceArray<float> out(queries, kNaN, false);
  DeviceArray<int> tiles(1);
  for (std::size_t i = 0; i < queries; ++i) q[i] = value(draws);
  for (std::size_t i = 0; i < keys; ++i) k[i] = value(draws);
  for (std::size_t i = 0; i < keys; ++i) v[i] = value(draws);
  c.q = q.data();
  c.k = k.data();
  c.v = v.data();
  c.out = out.data();
  c.tiles = tiles.data();
  const int error = run_flash(defect, c);

  const int start = c.kv_len - c.q_len;
  int wanted_tiles = 0;
  for (int first = 0; first < c.q_len; first += kTile) {
    const int end = c.causal ? std::min(c.kv_len, first + kTile + start) : c.kv_len;
    wanted_tiles += (end + kTile - 1) / kTile * kTile * c.batch * c.heads;
  }
  bool numbers = tiles[0] == wanted_tiles;
  for (int row = 0; row < c.batch * c.heads * c.q_len && error == 0; ++row) {
    const int head = row / c.q_len % c.heads;
    const int batch = row / (c.q_len * c.heads);
    const int kv_row = (batch * c.kv_heads + head / (c.heads / c.kv_heads)) * c.kv_len;
    const int visible = c.causal ? std::min(c.kv_len, row % c.q_len + start + 1) : c.kv_len;
    numbers = numbers && close(out.data() + row * kDim,
                               attend(
                                   q.data() + row * kDim, kDim, visible, double{c.scale},
                                   [&](int t, int d) { return k[size((kv_row + t) * kDim + d)]; },
                                   [&](int t, int d) { return v[size((kv_row + t) * kDim + d)]; }));
  }
  return judge(error, numbers);
}

}  // namespace

const char* name(Defect defect) {
  constexpr std::array<const char*, kDefects + 1> kNames = {"none",
                                                            "no_barrier_after_query",
                                                            "no_barrier_in_block_sum",
                                                            "no_barrier_before_logits",
                                                            "no_barrier_before_reuse",
                                                            "write_behind_dynamic_shared",
                                                            "padding_never_written",
                                                            "sum_reads_unwritten_warps",
                                                            "divergent_barrier",
                                                            "shuffle_in_divergent_branch",
                                                            "unused_slots_not_masked",
                                                            "tree_reduction_one_barrier",
                                                            "reduce_reads_unwritten_parts",
                                                            "full_mask_in_small_branch",
                                                            "shuffle_outside_mask",
                                                            "partitions_share_slot",
                                                            "key_tile_unbounded",
                                                            "no_barrier_after_tile_load",
                                                            "row_one_past_tile",
                                                            "no_syncwarp",
                                                            "no_barrier_at_end_of_tile",
                                                            "count_without_atomic"};
  return kNames[static_cast<std::size_t>(defect)];
}

Judgement run_case(Defect defect, std::uint64_t number) {
  Draws draws(number, 0);
  const bool flash = defect == Defect::kNone ? draws.below(2) == 0 : in_flash(defect);
  return flash ? run_flash_case(defect, draws) : run_paged_case(defect, draws);
}

}  // namespace simt_defects
