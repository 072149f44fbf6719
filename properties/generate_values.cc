// Distributions, seeds, needles and poison.
#include <algorithm>
#include <vector>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::Distribution;
using problem::Problem;

namespace {

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

}  // namespace

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
  // What is not finite may spread over a tile of rows, so the rows before the future are then
  // called alone (audible.cc), and not every call can be cut there.
  const bool cannot_be_cut =
      poison.place == problem::PoisonPlace::kFuture &&
      (!value.problem().mask.tree.empty() || !info.has(ATTEST_FEATURE_START_POS));
  using problem::PoisonKind;
  const std::vector<PoisonKind> kinds =
      finite || cannot_be_cut
          ? std::vector{PoisonKind::kDominating, PoisonKind::kLargest}
          : std::vector{PoisonKind::kNaN,        PoisonKind::kNaN,     PoisonKind::kDominating,
                        PoisonKind::kDominating, PoisonKind::kPlusInf, PoisonKind::kMinusInf,
                        PoisonKind::kLargest};
  poison.kind = draw.pick(kinds);
  const std::int64_t where = draw.between(0, 2);
  poison.in_k = where != 1;
  poison.in_v = where != 0;
  value.poisons.push_back(poison);
}

}  // namespace attest::properties
