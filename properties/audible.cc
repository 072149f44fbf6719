#include "properties/audible.h"

#include "properties/families.h"

namespace attest::properties {

using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Verdict;

bool allowed(const kernels::KernelInfo& info, const problem::Poison& poison) {
  const bool finite = poison.kind == PoisonKind::kLargest || poison.kind == PoisonKind::kDominating;
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

Verdict check_inaudible(const Scene& clean, const std::vector<problem::Poison>& poisons,
                        Harness& harness) {
  if (!harness.supported(clean)) return Verdict::skipped("outside the kernel's declaration");
  std::optional<Run> reference;
  double worst = 0;
  for (const problem::Poison& poison : poisons) {
    if (!allowed(harness.info(), poison)) continue;
    if (!reference) {
      reference = harness.attend(clean);
      if (reference->failure) return *reference->failure;
    }
    Scene poisoned = clean;
    poisoned.poisons = {poison};
    // What was junk before is other junk now: the poison's surroundings must not be heard either.
    poisoned.junk_seed = problem::derive_seed(clean.junk_seed, 1);
    const Run run = harness.attend(poisoned);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(clean, run.out, reference->out, repeats_bits(harness.info()));
    if (verdict.failed()) {
      verdict.message = std::string(problem::name_of(poison.kind)) + " in " +
                        std::string(problem::name_of(poison.place)) +
                        " is heard: " + verdict.message;
      return verdict;
    }
    worst = std::max(worst, verdict.severity);
  }
  if (!reference) return Verdict::skipped("no poison that the kernel's conventions allow");
  return Verdict::pass(worst);
}

}  // namespace attest::properties
