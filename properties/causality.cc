// Family causality: a query hears no later token.
#include <algorithm>

#include "properties/audible.h"
#include "properties/families.h"
#include "properties/generate.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::PoisonPlace;
using problem::Range;
using problem::Verdict;

/// The first half of each sequence's rows is judged; every token later than those is poisoned.
Verdict check_future(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  if (!scene.problem.mask.causal) return Verdict::skipped("not causal");
  for (const auto& sequence : scene.problem.sequences)
    scene.judged_rows.push_back({0, (sequence.q_len + 1) / 2});
  return check_inaudible(scene, value.poisons, harness);
}

/// Row `row` of a causal problem as a decode step over the tokens up to its own position.
RowCut decode_cut(const problem::Sequence& sequence, std::int64_t row) {
  if (sequence.q_len == 0) return {0, 0, sequence.kv_len};
  const std::int64_t seen =
      std::clamp<std::int64_t>(sequence.first_position() + row + 1, 0, sequence.kv_len);
  return {row, 1, seen};
}

/// Compares row rows[b] of every sequence (those with rows) with its decode step.
Verdict check_rows(const Scene& scene, const Run& whole, const std::vector<std::int64_t>& rows,
                   Harness& harness) {
  std::vector<RowCut> cuts;
  std::vector<Harness::RowPair> pairs;
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    cuts.push_back(decode_cut(scene.problem.sequences[b], rows[b]));
    if (cuts.back().count == 0) continue;
    pairs.push_back(
        {scene.problem.first_row(b) + rows[b], static_cast<std::int64_t>(pairs.size())});
  }
  if (pairs.empty()) return Verdict::skipped("no rows");
  const Scene decode = cut_rows(scene, cuts);
  if (!harness.supported(decode))
    return Verdict::skipped("the decode step is outside the kernel's declaration");
  const Run run = harness.attend(decode);
  if (run.failure) return *run.failure;
  return harness.same(scene, whole.out, run.out, false, pairs);
}

bool has_decode_steps(const Scene& scene) {
  return scene.problem.mask.causal && scene.problem.mask.tree.empty();
}

constexpr std::int64_t kMaxSteps = 12;

/// Compares rows of a causal problem with their decode steps: in step s row pick(sequence, s) of
/// every sequence.
template <typename Pick>
Verdict check_steps(const Case& value, Harness& harness, std::int64_t steps, Pick pick) {
  const Scene scene = harness.scene(value);
  if (!has_decode_steps(scene) || !harness.supported(scene)) {
    return Verdict::skipped("no decode steps");
  }
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  Verdict result = Verdict::skipped("no rows");
  for (std::int64_t step = 0; step < std::min(steps, scene.problem.max_q_len()); ++step) {
    std::vector<std::int64_t> rows;
    for (const auto& sequence : scene.problem.sequences) {
      const std::int64_t last = std::max<std::int64_t>(sequence.q_len - 1, 0);
      rows.push_back(std::min(pick(sequence, step), last));
    }
    Verdict verdict = check_rows(scene, whole, rows, harness);
    if (verdict.failed()) return verdict;
    add_pass(verdict, result);
  }
  return result;
}

/// The first row, the last and the one in the middle.
Verdict check_row_is_decode(const Case& value, Harness& harness) {
  return check_steps(value, harness, 3, [](const problem::Sequence& sequence, std::int64_t step) {
    const std::int64_t rows[] = {0, sequence.q_len - 1, sequence.q_len / 2};
    return std::max<std::int64_t>(rows[step], 0);
  });
}

Verdict check_token_by_token(const Case& value, Harness& harness) {
  return check_steps(value, harness, kMaxSteps,
                     [](const problem::Sequence&, std::int64_t step) { return step; });
}

bool is_causal(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_CAUSAL);
}
/// A decode step sits behind all its tokens.
bool has_future(const kernels::KernelInfo& info) {
  return is_causal(info) &&
         (kernels::contains(info.capabilities.q_len, 2) || info.has(ATTEST_FEATURE_START_POS));
}
bool is_causal_prefill(const kernels::KernelInfo& info) {
  return is_causal(info) && kernels::contains(info.capabilities.q_len, 2);
}

}  // namespace

std::span<const Property> causality_family() {
  static const Property family[] = {
      {.id = "causality.future_poison",
       .claim = "tokens later than a query are inaudible to it, whatever they hold",
       .kills = "causal_top_left, softcap_after_mask, chunk_sees_whole_length",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_future,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.causal = true,
                                 .many_rows = kernels::contains(info.capabilities.q_len, 2),
                                 .poison = {PoisonPlace::kFuture}});
           },
       .check = check_future},
      {.id = "causality.row_is_decode",
       .claim = "a row of a chunk equals a decode step over the tokens up to it",
       .kills = "causal_top_left, kv_end_ignores_prefix, prefix_lost_in_two_token_step, "
                "window_from_last_row",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_causal_prefill,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.causal = true, .no_tree = true});
           },
       .check = check_row_is_decode},
      {.id = "causality.token_by_token",
       .claim = "a prompt fed token by token gives every row of the prompt fed at once",
       .kills = "causal_top_left, kv_end_ignores_prefix, alibi_off_at_decode",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_causal_prefill,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.causal = true, .many_rows = true, .no_tree = true});
           },
       .check = check_token_by_token},
  };
  return family;
}

}  // namespace attest::properties
