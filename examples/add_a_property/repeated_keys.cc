// The smallest property worth testing: a relation between two calls, so no expected value is
// needed. A property is one check, one generator, and a line of data that names them.
#include "repeated_keys.h"

#include "properties/generate.h"
#include "properties/harness.h"

namespace {

using namespace attest;
using problem::Case;
using problem::Elements;
using problem::Verdict;
using properties::Harness;
using properties::Run;
using properties::Scene;

/// [tokens, width] with every token twice in a row; tokens stay inside their sequences.
Elements twice(const Elements& from, std::int64_t width) {
  Elements out(from.type(), 2 * from.size());
  const auto step = static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t token = i / step / 2;
    out.set_bits(i, from.bits(token * step + i % step));
  }
  return out;
}

Verdict check(const Case& value, Harness& harness) {
  // 1. The call of the case, and the one derived from it.
  const Scene once = harness.scene(value);
  const problem::Mask unmasked;
  if (once.problem.mask != unmasked) return Verdict::skipped("the mask counts positions");
  Scene doubled = once;
  for (auto& sequence : doubled.problem.sequences) sequence.kv_len *= 2;
  const auto& problem = once.problem;
  doubled.inputs.k = twice(once.inputs.k, problem.num_kv_heads * problem.head_dim_qk);
  doubled.inputs.v = twice(once.inputs.v, problem.num_kv_heads * problem.head_dim_v);
  doubled.storage =
      properties::plain_storage(doubled.problem, once.storage.layout, once.storage.page_size);

  // 2. A kernel is only called inside its declaration.
  if (!harness.supported(once) || !harness.supported(doubled)) {
    return Verdict::skipped("outside the kernel's declaration");
  }

  // 3. Run both. A crash, a hang or a damaged input is in run.failure.
  Run a = harness.attend(once);
  if (a.failure) return *a.failure;
  Run b = harness.attend(doubled);
  if (b.failure) return *b.failure;

  // 4. Compare within the error bounds of the longer call; the lse differs by ln 2.
  a.out.lse = b.out.lse = {};
  return harness.same(doubled, b.out, a.out, false);
}

}  // namespace

const properties::Property repeated_keys = {
    .id = "example.repeated_keys",
    .claim = "every token twice gives the same output",
    .kills = "page_floor_drops_tail, one_page_too_many",
    .file = __FILE__,
    .line = __LINE__,
    .applies =
        [](const kernels::KernelInfo& info) {
          return info.can(ATTEST_OP_ATTEND) && info.has(ATTEST_FEATURE_NON_CAUSAL);
        },
    .generate =
        [](const kernels::KernelInfo& info) {
          return properties::cases(info, {.no_causal = true, .plain_scores = true});
        },
    .check = check,
};
