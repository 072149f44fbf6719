#include "properties/audible.h"

#include <algorithm>

#include "properties/families.h"
#include "properties/slots.h"

namespace attest::properties {

using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Verdict;

namespace {

bool is_finite(PoisonKind kind) {
  return kind == PoisonKind::kLargest || kind == PoisonKind::kDominating;
}

bool is_token(PoisonPlace place) {
  return place == PoisonPlace::kFuture || place == PoisonPlace::kOutsideWindow;
}

}  // namespace

bool allowed(const kernels::KernelInfo& info, const problem::Poison& poison) {
  const bool finite = is_finite(poison.kind);
  switch (poison.place) {
    case PoisonPlace::kFuture:
    case PoisonPlace::kOutsideWindow:
      return finite || info.conventions.masked_tokens == ATTEST_SLOTS_ANYTHING;
    case PoisonPlace::kPageTail:
    case PoisonPlace::kFreePages:
      return info.conventions.unused_slots == ATTEST_SLOTS_ANYTHING ||
             (finite && info.conventions.unused_slots == ATTEST_SLOTS_FINITE);
    case PoisonPlace::kTableTail:
      return true;
    case PoisonPlace::kWorkspace:
      return info.has_plan && info.conventions.workspace_before == ATTEST_WORKSPACE_ANYTHING;
    case PoisonPlace::kOutput:
      return info.conventions.output_before == ATTEST_OUTPUT_ANYTHING;
  }
  return false;
}

namespace {

/// Whether nothing the poison changes may move a rounding. Finite contents that a kernel weighs
/// with 0, and a shift that follows other rows of a tile, may.
bool is_exact(const kernels::KernelInfo& info, const problem::Poison& poison) {
  const bool unread = info.conventions.masked_tokens == ATTEST_SLOTS_ANYTHING &&
                      info.declared_numerics().lazy_rescale == 0;
  return repeats_bits_over_junk(info) && (!is_token(poison.place) || unread);
}

/// Whether the scene has anything of the place. (Of a workspace only the kernel's plan knows.)
bool has(const Scene& scene, const kernels::KernelInfo& info, PoisonPlace place) {
  const auto& storage = scene.storage;
  if (place == PoisonPlace::kTableTail) {
    if (info.has(ATTEST_FEATURE_TABLE_CSR)) return storage.extra_table_columns > 0;
    std::size_t columns = 0;
    for (const auto& row : storage.block_table) columns = std::max(columns, row.size());
    columns += static_cast<std::size_t>(storage.extra_table_columns);
    return std::any_of(storage.block_table.begin(), storage.block_table.end(),
                       [columns](const auto& row) { return row.size() < columns; });
  }
  if (place == PoisonPlace::kWorkspace || place == PoisonPlace::kOutput) return true;
  const Slots slots(scene.problem, storage);
  const std::vector<SlotInfo> uses = classify_slots(scene, slots);
  return std::any_of(uses.begin(), uses.end(),
                     [place](const SlotInfo& slot) { return place_of(slot.use) == place; });
}

/// The judged rows as a call of their own. The other rows see poisoned tokens; when these are not
/// finite, a kernel that works on tiles of rows may spread them over the tile, and the convention
/// for masked tokens only speaks of tokens that no row of the call sees.
std::optional<Scene> judged_rows_only(const Scene& scene) {
  if (scene.judged_rows.empty()) return scene;
  if (!scene.problem.mask.tree.empty()) return std::nullopt;
  std::vector<RowCut> cuts;
  for (std::size_t b = 0; b < scene.judged_rows.size(); ++b) {
    const problem::Range& rows = scene.judged_rows[b];
    cuts.push_back({rows.begin, rows.end - rows.begin, scene.problem.sequences[b].kv_len});
  }
  return cut_rows(scene, cuts);
}

}  // namespace

Verdict check_inaudible(const Scene& clean, const std::vector<problem::Poison>& poisons,
                        Harness& harness) {
  if (!harness.supported(clean)) return Verdict::skipped("outside the kernel's declaration");
  Verdict result = Verdict::skipped("nothing that the kernel's conventions allow to be poisoned");
  for (const problem::Poison& poison : poisons) {
    if (!allowed(harness.info(), poison)) continue;
    const bool spreads = is_token(poison.place) && !is_finite(poison.kind);
    const std::optional<Scene> base = spreads ? judged_rows_only(clean) : clean;
    if (!base || !has(*base, harness.info(), poison.place) || !harness.supported(*base)) continue;
    const Run reference = harness.attend(*base);
    if (reference.failure) return *reference.failure;
    Scene poisoned = *base;
    poisoned.poisons = {poison};
    // What was junk before is other junk now: the poison's surroundings must not be heard either.
    poisoned.junk_seed = problem::derive_seed(clean.junk_seed, 1);
    const Run run = harness.attend(poisoned);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(*base, run.out, reference.out, is_exact(harness.info(), poison));
    if (verdict.failed()) {
      verdict.message = std::string(problem::name_of(poison.kind)) + " in " +
                        std::string(problem::name_of(poison.place)) +
                        " is heard: " + verdict.message;
      return verdict;
    }
    verdict.severity = std::max(verdict.severity, result.severity);
    result = verdict;
  }
  return result;
}

}  // namespace attest::properties
