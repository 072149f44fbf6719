#include "properties/cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "problem/special_values.h"
#include "properties/fill.h"
#include "properties/tensor_views.h"

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
      return problem::encode(type, kNaN);
    case PoisonKind::kPlusInf:
      return problem::encode(type, kInfinity);
    case PoisonKind::kMinusInf:
      return problem::encode(type, -kInfinity);
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

void store_all(DType type, std::vector<std::byte>& row, std::uint64_t bits) {
  fill_bits(type, row.data(), static_cast<std::int64_t>(row.size() / problem::size_of(type)), bits);
}

/// What one poison leaves in a slot: the packed row [num_kv_heads, dim].
void poison_row(const Scene& scene, const Poison& poison, std::int64_t sequence, bool is_k,
                DType type, std::vector<std::byte>& row) {
  const Problem& problem = scene.problem;
  if (poison.kind != PoisonKind::kDominating || !is_k) {
    const double marker = std::min(kMarkerV, problem::largest_finite(type) / 4);
    return store_all(type, row, poison_bits(poison.kind, type, marker));
  }
  std::byte* to = row.data();
  for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
    for (const double lane : dominating_key(scene, sequence, head)) {
      problem::store_bits(type, to, poison_bits(poison.kind, type, lane));
      to += problem::size_of(type);
    }
  }
}

}  // namespace

void fill_gaps(DType type, std::byte* buffer, std::int64_t first, std::int64_t count,
               std::uint64_t seed) {
  std::byte* to = buffer + static_cast<std::size_t>(first) * problem::size_of(type);
  fill_junk_values(type, to, seed, static_cast<std::uint64_t>(first), count);
}

void fill_input_gaps(const Scene& scene, const kernels::KernelInfo& info, DType type,
                     std::byte* buffer, std::int64_t first, std::int64_t count,
                     std::uint64_t salt) {
  if (info.conventions.unused_slots != ATTEST_SLOTS_ANYTHING || scene.junk_seed % 2 != 0)
    return fill_gaps(type, buffer, first, count, scene.junk_seed + salt);
  const std::uint64_t nan = problem::encode(type, kNaN);
  fill_bits(type, buffer + static_cast<std::size_t>(first) * problem::size_of(type), count, nan);
}

void fill_cache(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                const std::vector<SlotInfo>* uses, bool is_k, std::byte* base) {
  const Problem& problem = scene.problem;
  const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
  const DType type = from.type();
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const SlotAccess access{is_k ? slots.steps().k : slots.steps().v, problem::size_of(type),
                          problem.num_kv_heads, dim};
  const std::int64_t elements = problem.num_kv_heads * dim;
  std::vector<std::byte> row(static_cast<std::size_t>(elements) * access.unit);
  const auto write = [&](std::int64_t slot, const std::byte* contents) {
    access.write(base, slots.outer(slot), slots.inner(slot), contents);
  };

  std::vector<std::uint8_t> used(static_cast<std::size_t>(slots.count()), 0);
  const std::byte* token_row = from.data();
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t token = 0; token < problem.sequences[b].kv_len; ++token) {
      const std::int64_t slot = slots.of(b, token);
      used[slot] = 1;
      if (!scene.memory) write(slot, token_row);
      token_row += row.size();
    }
  }
  const bool zeros = info.conventions.unused_slots == ATTEST_SLOTS_ZERO;
  const std::uint64_t seed = scene.junk_seed + (is_k ? 1 : 2);
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    if (scene.memory && (used[slot] || !zeros)) {
      const Elements& memory = is_k ? scene.memory->k : scene.memory->v;
      write(slot, memory.data() + static_cast<std::size_t>(slot) * row.size());
      continue;
    }
    if (used[slot]) continue;
    if (zeros) {
      std::fill(row.begin(), row.end(), std::byte{0});
    } else {
      fill_junk_values(type, row.data(), seed, static_cast<std::uint64_t>(slot * elements),
                       elements);
    }
    write(slot, row.data());
  }
  if (uses == nullptr) return;
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const auto place = place_of((*uses)[slot].use);
    if (!place) continue;
    for (const Poison& poison : scene.poisons) {
      const bool in_v = poison.in_v && (!is_k || problem.v_is_k_prefix);
      if (poison.place != *place || !((is_k && poison.in_k) || in_v)) continue;
      poison_row(scene, poison, (*uses)[slot].sequence, is_k, type, row);
      write(slot, row.data());
    }
  }
}

}  // namespace attest::properties
