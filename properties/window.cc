// Family window: a sliding window hears what is inside and nothing outside.
#include <algorithm>

#include "problem/errors.h"
#include "properties/audible.h"
#include "properties/families.h"
#include "properties/generate.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::PoisonPlace;
using problem::Verdict;

bool is_limited(const problem::Mask& mask) {
  return mask.window_left || mask.window_right || mask.attention_chunk;
}

/// The second half of the rows is judged: the window has left behind what only earlier rows see.
Verdict check_outside_window(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  if (!is_limited(scene.problem.mask)) return Verdict::skipped("no window");
  for (const auto& sequence : scene.problem.sequences)
    scene.judged_rows.push_back({sequence.q_len / 2, sequence.q_len});
  return check_inaudible(scene, value.poisons, harness);
}

/// A window that leaves tokens out, more often than not.
void narrow_window(Draw& draw, Case& value) {
  auto& left = value.problem().mask.window_left;
  const std::int64_t most = value.problem().max_kv_len() / 3;
  if (draw.chance(70) && left && *left > most) left = draw.between(0, most);
}

Verdict check_edge(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!is_limited(scene.problem.mask)) return Verdict::skipped("no window");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  return harness.judge(scene, harness.expect(scene), run.out);
}

/// Puts the needle on the left edge of the last row's window, or one token outside.
void needle_on_edge(Draw& draw, Case& value) {
  const auto& problem = value.problem();
  const bool outside = draw.chance(50);
  if (!problem.mask.window_left || problem.sequences.empty()) return;
  const auto& sequence = problem.sequences.front();
  const std::int64_t edge =
      sequence.first_position() + sequence.q_len - 1 - *problem.mask.window_left;
  value.values.needle = std::clamp<std::int64_t>(edge - (outside ? 1 : 0), 0,
                                                 std::max<std::int64_t>(sequence.kv_len - 1, 0));
}

/// A window as wide as everything is no window.
Verdict check_wide(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  auto& mask = without.problem.mask;
  mask.window_left.reset();
  mask.window_right.reset();
  Scene wide = without;
  std::int64_t reach = 1;
  for (const auto& sequence : wide.problem.sequences) {
    reach = std::max(reach, std::abs(sequence.first_position()) + sequence.q_len + sequence.kv_len);
  }
  if (harness.info().has(ATTEST_FEATURE_WINDOW_LEFT)) wide.problem.mask.window_left = reach;
  if (harness.info().has(ATTEST_FEATURE_WINDOW_RIGHT)) wide.problem.mask.window_right = reach;
  if (!harness.supported(without) || !harness.supported(wide))
    return Verdict::skipped("outside the declaration");
  const Run a = harness.attend(without);
  if (a.failure) return *a.failure;
  const Run b = harness.attend(wide);
  if (b.failure) return *b.failure;
  return harness.same(without, b.out, a.out, false);
}

/// The last row's window as a contiguous slice of the keys, attended without a window.
Verdict check_slice(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  auto& mask = scene.problem.mask;
  const bool plain = mask.causal && mask.window_left && mask.tree.empty() && mask.custom.empty() &&
                     !mask.attention_chunk && scene.problem.alibi_slopes.empty() &&
                     scene.problem.bias == problem::Bias::kNone;
  if (!plain || !harness.supported(scene)) return Verdict::skipped("no window that is a slice");
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;

  Verdict result = Verdict::skipped("no rows");
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    const auto& sequence = scene.problem.sequences[b];
    if (sequence.q_len == 0) continue;
    const std::int64_t p = sequence.first_position() + sequence.q_len - 1;
    if (p < 0 || p >= sequence.kv_len) continue;
    const std::int64_t first = std::max<std::int64_t>(0, p - *mask.window_left);
    // Drop the tokens left of the window by turning the sequence's later tokens into a sequence of
    // their own.
    Scene row = cut_rows(only_sequence(scene, b), {{sequence.q_len - 1, 1, p + 1}});
    row.problem.sequences[0] = {.q_len = 1, .kv_len = p + 1 - first, .start_pos = std::nullopt};
    row.problem.mask.window_left.reset();
    row.problem.mask.window_right.reset();
    auto drop = [first](const problem::Elements& from, std::int64_t width) {
      problem::Elements out(from.type(), from.size() - static_cast<std::size_t>(first * width));
      for (std::size_t i = 0; i < out.size(); ++i)
        out.set_bits(i, from.bits(i + static_cast<std::size_t>(first * width)));
      return out;
    };
    row.inputs.k = drop(row.inputs.k, row.problem.num_kv_heads * row.problem.head_dim_qk);
    row.inputs.v = drop(row.inputs.v, row.problem.num_kv_heads * row.problem.head_dim_v);
    row.storage = plain_storage(row.problem, scene.storage.layout, scene.storage.page_size);
    if (!harness.supported(row)) continue;
    const Run run = harness.attend(row);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(scene, whole.out, run.out, false,
                                   {{scene.problem.first_row(b) + sequence.q_len - 1, 0}});
    if (verdict.failed()) return verdict;
    verdict.severity = std::max(verdict.severity, result.severity);
    result = verdict;
  }
  return result;
}

bool has_window(const kernels::KernelInfo& info) {
  return can_attend(info) &&
         (info.has(ATTEST_FEATURE_WINDOW_LEFT) || info.has(ATTEST_FEATURE_WINDOW_RIGHT));
}
bool has_causal_left_window(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_WINDOW_LEFT | ATTEST_FEATURE_CAUSAL);
}

}  // namespace

std::span<const Property> window_family() {
  static const Property family[] = {
      {.id = "window.outside_inaudible",
       .claim = "tokens outside every query's window are inaudible, whatever they hold",
       .kills = "window_off_by_one, causal_top_left, window_ignored_on_prefix",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_window,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.window = true, .poison = {PoisonPlace::kOutsideWindow}},
                          narrow_window);
           },
       .check = check_outside_window},
      {.id = "window.edge",
       .claim = "the token on the window's edge is heard and the next one is not",
       .kills = "window_off_by_one, window_tile_start_late, window_from_last_row, "
                "first_tile_fully_masked_nan",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_window,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info,
                          {.window = true,
                           .distributions = {problem::Distribution::kNeedle,
                                             problem::Distribution::kOneHotV}},
                          needle_on_edge);
           },
       .check = check_edge},
      {.id = "window.wide_is_none",
       .claim = "a window at least as wide as everything is no window",
       .kills = "right_window_clamped",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_window,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_wide},
      {.id = "window.slice",
       .claim = "a window equals attention without a window over the slice of keys inside it",
       .kills = "window_off_by_one, window_tile_start_late, window_ignored_on_decode",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_causal_left_window,
       .generate =
           [](const kernels::KernelInfo& info) {
             // A slice starts at position 0 again: no modifier or mask may count positions.
             return cases(info, {.causal = true, .window = true, .no_tree = true},
                          [](Draw&, Case& value) {
                            auto& problem = value.problem();
                            problem.alibi_slopes.clear();
                            problem.bias = problem::Bias::kNone;
                            problem.mask.custom.clear();
                            problem.mask.attention_chunk.reset();
                          });
           },
       .check = check_slice},
  };
  return family;
}

}  // namespace attest::properties
