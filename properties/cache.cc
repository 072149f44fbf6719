#include "properties/cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "properties/junk.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Problem;
using problem::Range;

constexpr double kMarkerV = 1e4;           // what a leaked dominating slot brings into the output
constexpr double kDominatingScore = 64.0;  // nats above everything an ordinary case has

std::uint64_t poison_bits(PoisonKind kind, DType type, double dominating) {
  switch (kind) {
    case PoisonKind::kNaN:
      return problem::encode(type, std::numeric_limits<double>::quiet_NaN());
    case PoisonKind::kPlusInf:
      return problem::encode(type, std::numeric_limits<double>::infinity());
    case PoisonKind::kMinusInf:
      return problem::encode(type, -std::numeric_limits<double>::infinity());
    case PoisonKind::kLargest:
      return problem::encode(type, problem::largest_finite(type));
    case PoisonKind::kDominating:
      // Finite in every type: this kind is for kernels that ask for finite contents, too.
      return problem::encode(type, std::clamp(dominating, -problem::largest_finite(type),
                                              problem::largest_finite(type)));
  }
  return 0;
}

/// Lane values of a key parallel to the last judged query of its sequence, strong enough to take
/// all probability.
std::vector<double> dominating_key(const Scene& scene, std::int64_t b, std::int64_t kv_head) {
  const Problem& problem = scene.problem;
  std::vector<double> key(static_cast<std::size_t>(problem.head_dim_qk), 1.0);
  b = std::max<std::int64_t>(b, 0);  // a free page is aimed at the first sequence
  if (problem.batch() == 0 || problem.sequences[b].q_len == 0) return key;
  const Range rows = judged(scene, b);
  if (rows.end <= rows.begin) return key;
  const std::int64_t row = problem.first_row(b) + rows.end - 1;
  const std::int64_t head = kv_head * problem.group();
  const std::int64_t base = (row * problem.num_q_heads + head) * problem.head_dim_qk;
  double norm = 0;
  for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
    const double x = scene.inputs.q.value(static_cast<std::size_t>(base + lane));
    norm += x * x;
  }
  const double strength = problem.scale * norm;
  if (!std::isfinite(strength) || !std::isfinite(kDominatingScore / strength)) return key;
  for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
    key[lane] =
        scene.inputs.q.value(static_cast<std::size_t>(base + lane)) * (kDominatingScore / strength);
  }
  return key;
}

}  // namespace

void fill_cache(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                const std::vector<SlotInfo>* uses, bool is_k, std::byte* cache) {
  const Problem& problem = scene.problem;
  const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
  const DType type = from.type();
  const std::size_t unit = problem::size_of(type);
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const std::int64_t row = problem.num_kv_heads * dim;
  const std::size_t row_bytes = static_cast<std::size_t>(row) * unit;
  const bool zeros = info.conventions.unused_slots == ATTEST_SLOTS_ZERO;

  std::vector<std::uint8_t> used(static_cast<std::size_t>(slots.count()), 0);
  std::int64_t token_index = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t token = 0; token < problem.sequences[b].kv_len; ++token, ++token_index) {
      const std::int64_t slot = slots.of(b, token);
      used[slot] = 1;
      std::memcpy(cache + slot * row_bytes, from.data() + token_index * row_bytes, row_bytes);
    }
  }
  const std::uint64_t seed = scene.junk_seed + (is_k ? 1 : 2);
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    if (used[slot]) continue;
    std::byte* to = cache + slot * row_bytes;
    if (zeros) {
      std::memset(to, 0, row_bytes);
      continue;
    }
    for (std::int64_t i = 0; i < row; ++i) {
      problem::store_bits(type, to + i * unit,
                          problem::encode(type, junk_value(seed, slot * row + i)));
    }
  }
  if (uses == nullptr) return;
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const auto place = place_of((*uses)[slot].use);
    if (!place) continue;
    for (const Poison& poison : scene.poisons) {
      if (poison.place != *place || !(is_k ? poison.in_k : poison.in_v)) continue;
      std::byte* to = cache + slot * row_bytes;
      for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
        std::vector<double> key;
        if (is_k && poison.kind == PoisonKind::kDominating)
          key = dominating_key(scene, (*uses)[slot].sequence, head);
        for (std::int64_t lane = 0; lane < dim; ++lane) {
          const double dominating = is_k ? (key.empty() ? 0.0 : key[lane])
                                         : std::min(kMarkerV, problem::largest_finite(type) / 4);
          problem::store_bits(type, to + (head * dim + lane) * unit,
                              poison_bits(poison.kind, type, dominating));
        }
      }
    }
  }
}

}  // namespace attest::properties
