// Problem, storage, plan and poisons of campaign/draw.h.
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "campaign/draw.h"
#include "campaign/table.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::KvStorage;
using problem::Problem;

constexpr std::size_t kMaxItems = 12;

template <typename List>
std::string list_text(const List& list) {
  std::vector<std::string> items;
  for (const auto& item : list) {
    if (items.size() == kMaxItems) {
      items.push_back(fmt::format("... {} in all", list.size()));
      break;
    }
    items.push_back(fmt::format("{}", item));
  }
  return fmt::format("{}", fmt::join(items, " "));
}

std::string range_text(const problem::Range& range) {
  return fmt::format("[{},{})", range.begin, range.end);
}

/// Who uses each page: (sequence, block) pairs in order.
std::map<std::int32_t, std::vector<std::pair<std::int64_t, std::int64_t>>> users_of(
    const KvStorage& storage) {
  std::map<std::int32_t, std::vector<std::pair<std::int64_t, std::int64_t>>> users;
  for (std::size_t b = 0; b < storage.block_table.size(); ++b) {
    for (std::size_t i = 0; i < storage.block_table[b].size(); ++i) {
      users[storage.block_table[b][i]].emplace_back(b, i);
    }
  }
  return users;
}

}  // namespace

std::string draw_problem(const Case& value) {
  const Problem& p = value.problem();
  std::vector<std::string> items{size_text(value)};
  items.push_back(p.q_dtype == p.k_dtype && p.k_dtype == p.v_dtype && p.v_dtype == p.o_dtype
                      ? fmt::format("all {}", problem::name_of(p.q_dtype))
                      : fmt::format("q {} k {} v {} o {}", problem::name_of(p.q_dtype),
                                    problem::name_of(p.k_dtype), problem::name_of(p.v_dtype),
                                    problem::name_of(p.o_dtype)));
  items.push_back(fmt::format("scale {:.6g}", p.scale));
  items.push_back(p.mask.causal ? "causal" : "not causal");
  if (p.mask.window_left) items.push_back(fmt::format("window_left {}", *p.mask.window_left));
  if (p.mask.window_right) items.push_back(fmt::format("window_right {}", *p.mask.window_right));
  if (p.mask.attention_chunk) {
    items.push_back(fmt::format("attention_chunk {}", *p.mask.attention_chunk));
  }
  if (!p.mask.tree.empty()) items.push_back("tree mask");
  if (!p.mask.custom.empty()) items.push_back("custom mask");
  if (p.softcap != 0) items.push_back(fmt::format("softcap {:.6g}", p.softcap));
  if (!p.alibi_slopes.empty()) {
    items.push_back(fmt::format("ALiBi slopes {}", list_text(p.alibi_slopes)));
  }
  if (p.bias != problem::Bias::kNone) {
    items.push_back(p.bias == problem::Bias::kPerHead ? "bias per head" : "shared bias");
  }
  if (!p.sinks.empty()) items.push_back(fmt::format("sinks {}", list_text(p.sinks)));
  if (!p.q_scale.empty()) items.push_back(fmt::format("q_scale {}", list_text(p.q_scale)));
  if (!p.k_scale.empty()) items.push_back(fmt::format("k_scale {}", list_text(p.k_scale)));
  if (!p.v_scale.empty()) items.push_back(fmt::format("v_scale {}", list_text(p.v_scale)));
  if (p.o_scale) items.push_back(fmt::format("o_scale {:.6g}", *p.o_scale));
  if (p.v_is_k_prefix) items.push_back("V is a prefix of K");
  return folded("problem   ", items, "          ");
}

namespace {

std::string draw_strides(const problem::Strides& strides) {
  std::vector<std::string> items;
  const auto add = [&](const char* tensor, const problem::Gaps& gaps) {
    if (gaps.packed()) return;
    std::string text = tensor;
    const auto gap = [&](const char* slice, std::int64_t elements) {
      if (elements > 0) text += fmt::format(" {}+{}", slice, elements);
    };
    gap("page", gaps.outer);
    gap("token", gaps.token);
    gap("head", gaps.head);
    gap("lane", gaps.lane);
    if (gaps.one_head) text += " one head for all";
    items.push_back(text);
  };
  add("q", strides.q);
  add("k", strides.k);
  add("v", strides.v);
  add("o", strides.o);
  add("lse", strides.lse);
  return items.empty() ? "" : folded("  gaps after each ", items, "    ");
}

}  // namespace

std::string draw_storage(const Case& value, const std::optional<problem::Where>& where) {
  const KvStorage& storage = value.storage;
  if (!problem::is_paged(storage.layout)) {
    return fmt::format("storage   {}, {} unused tokens after each sequence\n",
                       problem::name_of(storage.layout), storage.gap_tokens) +
           draw_strides(storage.strides);
  }
  std::string text =
      fmt::format("storage   {}, pages of {}, a pool of {}\n", problem::name_of(storage.layout),
                  storage.page_size, plural(storage.num_pages, "page"));
  const auto users = users_of(storage);
  const auto batch = static_cast<std::int64_t>(storage.block_table.size());
  const std::int64_t marked = where ? where->sequence : -1;
  const auto shown = shown_items(batch, static_cast<std::int64_t>(kMaxItems), marked);
  for (const std::int64_t b : shown) {
    std::vector<std::string> cells;
    for (const std::int32_t page : storage.block_table[static_cast<std::size_t>(b)]) {
      if (cells.size() == 2 * kMaxItems) {
        cells.push_back("...");
        break;
      }
      const bool shared = users.at(page).size() > 1;
      const bool bad = b == marked && page == where->page;
      cells.push_back(fmt::format("{}{}{}", bad ? ">" : "", page, shared ? "*" : ""));
    }
    for (std::int64_t i = 0; i < std::min<std::int64_t>(storage.extra_table_columns, 4); ++i) {
      cells.emplace_back("junk");
    }
    text += fmt::format("  block table of sequence {}: [{}]\n", b, fmt::join(cells, " "));
  }
  if (static_cast<std::int64_t>(shown.size()) < batch) {
    text += fmt::format("  ... and {} more\n", batch - static_cast<std::int64_t>(shown.size()));
  }
  std::vector<std::string> shared;
  for (const auto& [page, uses] : users) {
    if (uses.size() < 2 || shared.size() == kMaxItems) continue;
    std::vector<std::string> names;
    for (const auto& [b, block] : uses) names.push_back(fmt::format("{}", b));
    shared.push_back(fmt::format("page {} by sequences {}", page, fmt::join(names, " ")));
  }
  if (!shared.empty()) text += folded("  shared (*): ", shared, "    ");
  std::vector<std::string> free;
  const auto num_free = storage.num_pages - static_cast<std::int64_t>(users.size());
  for (std::int32_t page = 0; page < storage.num_pages && free.size() < 2 * kMaxItems; ++page) {
    if (!users.contains(page)) free.push_back(std::to_string(page));
  }
  if (num_free > 0) {
    text += fmt::format("  free: {}{}\n", fmt::join(free, " "),
                        num_free > static_cast<std::int64_t>(free.size())
                            ? fmt::format(" ... {} in all", num_free)
                            : "");
  }
  text += draw_strides(storage.strides);
  return text;
}

std::string draw_plan(const Case& value) {
  const problem::Plan& plan = value.plan;
  std::string text;
  for (std::size_t b = 0; b < plan.chunks.size() && b < kMaxItems; ++b) {
    text += fmt::format("  query chunks of sequence {}: {}\n", b, list_text(plan.chunks[b]));
  }
  for (std::size_t part = 0; part < plan.parts.size() && part < kMaxItems; ++part) {
    std::vector<std::string> ranges;
    for (const problem::Range& range : plan.parts[part]) ranges.push_back(range_text(range));
    text += fmt::format("  part {}: keys {}\n", part, list_text(ranges));
  }
  if (!plan.merges.empty()) {
    std::size_t state = plan.parts.size();
    std::vector<std::string> steps;
    for (const auto& merged : plan.merges) {
      steps.push_back(fmt::format("{} = {}", state++, fmt::join(merged, "+")));
    }
    if (steps.size() > 2 * kMaxItems) {
      steps.resize(2 * kMaxItems);
      steps.push_back(fmt::format("... {} steps in all", plan.merges.size()));
    }
    text += folded("  merges: ", steps, "    ");
  }
  if (plan.num_splits != 0) text += fmt::format("  num_splits {}\n", plan.num_splits);
  return text.empty() ? text : "plan\n" + text;
}

std::string draw_poisons(const Case& value) {
  std::vector<std::string> items;
  for (const problem::Poison& poison : value.poisons) {
    const bool in_cache = poison.place != problem::PoisonPlace::kTableTail &&
                          poison.place != problem::PoisonPlace::kWorkspace &&
                          poison.place != problem::PoisonPlace::kOutput;
    const char* tensors = !in_cache      ? ""
                          : !poison.in_v ? " (K only)"
                          : !poison.in_k ? " (V only)"
                                         : "";
    items.push_back(fmt::format("{} filled with {}{}", problem::name_of(poison.place),
                                problem::name_of(poison.kind), tensors));
  }
  return items.empty() ? "" : folded("poison    ", items, "          ");
}

}  // namespace attest::campaign
