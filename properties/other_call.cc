#include "properties/other_call.h"

#include <algorithm>

#include "properties/junk.h"
#include "properties/scene.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Problem;

constexpr std::int64_t kMostKeys = 200;  // a longer sequence stays as it is

bool served(const Case& value, const KernelInfo& info) {
  return !problem::find_error(value) && !kernels::unsupported(info, value.problem(), value.storage);
}

/// Storage for changed lengths: other pages, in other places.
void place_anew(Case& value) {
  const problem::KvStorage& old = value.storage;
  problem::KvStorage fresh = plain_storage(value.problem(), old.layout, old.page_size);
  if (old.layout == problem::KvLayout::kContiguous) fresh.gap_tokens = 1;
  for (auto& row : fresh.block_table) std::reverse(row.begin(), row.end());
  value.storage = fresh;
}

std::vector<std::vector<std::uint8_t>> random_mask(const Problem& problem, std::uint64_t seed) {
  std::vector<std::vector<std::uint8_t>> custom;
  for (const problem::Sequence& sequence : problem.sequences) {
    auto& bits = custom.emplace_back();
    for (std::int64_t i = 0; i < sequence.q_len * sequence.kv_len; ++i)
      bits.push_back(static_cast<std::uint8_t>(mix(seed + custom.size(), i) >> 63));
  }
  return custom;
}

void lengthen(Case& value, const KernelInfo& info) {
  Problem& problem = value.problem();
  for (problem::Sequence& sequence : problem.sequences) {
    const std::int64_t longer = 2 * sequence.kv_len + 9;  // a tile of 8 more at least
    if (longer <= kMostKeys && kernels::contains(info.capabilities.kv_len, longer))
      sequence.kv_len = longer;
  }
  // A mask of the old lengths fits no more.
  if (!problem.mask.custom.empty())
    problem.mask.custom = random_mask(problem, value.values.seed + 1);
  place_anew(value);
}

void toggle_custom_mask(Case& value, const KernelInfo& /*info*/) {
  Problem& problem = value.problem();
  if (problem.mask.custom.empty()) {
    problem.mask.custom = random_mask(problem, value.values.seed + 1);
  } else {
    problem.mask.custom.clear();
  }
}

void toggle_window(Case& value, const KernelInfo& /*info*/) {
  auto& left = value.problem().mask.window_left;
  if (left) {
    left.reset();
  } else {
    left = 1;
  }
}

void toggle_causal(Case& value, const KernelInfo& /*info*/) {
  value.problem().mask.causal = !value.problem().mask.causal;
}

void drop_tree(Case& value, const KernelInfo& /*info*/) { value.problem().mask.tree.clear(); }

void toggle_softcap(Case& value, const KernelInfo& /*info*/) {
  value.problem().softcap = value.problem().softcap != 0 ? 0 : 5;
}

void toggle_alibi(Case& value, const KernelInfo& /*info*/) {
  auto& slopes = value.problem().alibi_slopes;
  slopes.resize(slopes.empty() ? static_cast<std::size_t>(value.problem().num_q_heads) : 0, 0.25);
}

void toggle_sinks(Case& value, const KernelInfo& /*info*/) {
  auto& sinks = value.problem().sinks;
  sinks.resize(sinks.empty() ? static_cast<std::size_t>(value.problem().num_q_heads) : 0, 1.0);
}

}  // namespace

Case other_call(const Case& value, const KernelInfo& info) {
  using Change = void (*)(Case&, const KernelInfo&);
  // A change that leads out of the declaration is left out.
  constexpr Change kChanges[] = {lengthen,      toggle_custom_mask, drop_tree,    toggle_window,
                                 toggle_causal, toggle_softcap,     toggle_alibi, toggle_sinks};
  Case other = value;
  other.plan.parts.clear();  // they cut the old lengths
  other.plan.merges.clear();
  other.plan.chunks.clear();
  other.poisons.clear();
  for (const Change change : kChanges) {
    Case changed = other;
    change(changed, info);
    if (served(changed, info)) other = std::move(changed);
  }
  return other;
}

}  // namespace attest::properties
