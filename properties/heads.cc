// Family heads: query head h hears KV head h / group, and nothing else.
#include <algorithm>
#include <numeric>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Elements;
using problem::Verdict;

/// Outputs of a scene made by select_heads, put back as heads `q_heads` of outputs shaped like the
/// whole.
Outputs widened(const Scene& scene, const Outputs& whole, const Outputs& part,
                const std::vector<std::int64_t>& q_heads) {
  Outputs out = whole;
  const auto dim = static_cast<std::size_t>(scene.problem.head_dim_v);
  const auto old_heads = static_cast<std::size_t>(scene.problem.num_q_heads);
  for (std::size_t row = 0; row < static_cast<std::size_t>(scene.problem.total_q()); ++row) {
    for (std::size_t i = 0; i < q_heads.size(); ++i) {
      const std::size_t to = row * old_heads + static_cast<std::size_t>(q_heads[i]);
      const std::size_t from = row * q_heads.size() + i;
      for (std::size_t lane = 0; lane < dim; ++lane)
        out.o.set_bits(to * dim + lane, part.o.bits(from * dim + lane));
      if (out.lse.size() > 0) out.lse.set_bits(to, part.lse.bits(from));
    }
  }
  return out;
}

Verdict check_selection(const Scene& scene, const std::vector<std::int64_t>& q_heads,
                        const std::vector<std::int64_t>& kv_heads, Harness& harness) {
  const Scene selected = select_heads(scene, q_heads, kv_heads);
  if (!harness.supported(scene) || !harness.supported(selected))
    return Verdict::skipped("outside the declaration");
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  const Run run = harness.attend(selected);
  if (run.failure) return *run.failure;
  return harness.same(scene, whole.out, widened(scene, whole.out, run.out, q_heads), false);
}

std::vector<std::int64_t> iota(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Verdict check_gqa_is_mha(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (problem.group() == 1) return Verdict::skipped("not grouped");
  std::vector<std::int64_t> repeated;
  for (std::int64_t h = 0; h < problem.num_q_heads; ++h) repeated.push_back(h / problem.group());
  return check_selection(scene, iota(problem.num_q_heads), repeated, harness);
}

Verdict check_head_alone(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (problem.num_q_heads == 1) return Verdict::skipped("one head");
  Verdict result = Verdict::skipped("no head");
  for (const std::int64_t head :
       {std::int64_t{0}, problem.num_q_heads / 2, problem.num_q_heads - 1}) {
    Verdict verdict = check_selection(scene, {head}, {head / problem.group()}, harness);
    if (verdict.failed()) return verdict;
    add_pass(verdict, result);
  }
  return result;
}

Verdict check_permutation(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (problem.num_kv_heads == 1) return Verdict::skipped("one KV head");
  // Rotations, not a reversal: that one is the same to a kernel which deals heads out (h modulo
  // num_kv_heads).
  const std::int64_t group = problem.group();
  std::vector<std::int64_t> kv_heads = iota(problem.num_kv_heads);
  std::rotate(kv_heads.begin(), kv_heads.begin() + 1, kv_heads.end());
  std::vector<std::int64_t> q_heads;
  for (const std::int64_t kv : kv_heads) {
    for (std::int64_t i = 0; i < group; ++i) {
      q_heads.push_back(kv * group + (group > 2 ? (i + 1) % group : i));
    }
  }
  return check_selection(scene, q_heads, kv_heads, harness);
}

bool takes_kv_heads(const kernels::KernelInfo& info) {
  return can_attend(info) && kernels::contains(info.capabilities.num_kv_heads, 2);
}
bool takes_groups(const kernels::KernelInfo& info) {
  return takes_kv_heads(info) &&
         (info.capabilities.group.max != 1 || info.capabilities.group.count > 1);
}

}  // namespace

std::span<const Property> heads_family() {
  static const Property family[] = {
      {.id = "heads.gqa_is_mha",
       .claim = "grouped heads give what full multi-head attention gives over repeated KV heads",
       .kills = "kv_head_modulo, group_for_count",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_groups,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_gqa_is_mha},
      {.id = "heads.alone",
       .claim = "a query head with only its own KV head gives what it gives among others",
       .kills = "kv_head_modulo, group_for_count, scale_of_head_zero",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_attend,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_head_alone},
      {.id = "heads.permutation",
       .claim = "reordering heads reorders the output",
       .kills = "kv_head_modulo",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_kv_heads,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_permutation},
  };
  return family;
}

}  // namespace attest::properties
