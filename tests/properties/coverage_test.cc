// What the generators reach within the first hundred cases of each property.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "properties/generate.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using tests::correct_kernels;

constexpr std::uint64_t kSeed = 1;

using Labels = std::map<std::string, int>;

void label_lengths(const Case& value, Labels& labels) {
  const auto& sequences = value.problem().sequences;
  const std::int64_t page = value.storage.page_size;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    const auto [q_len, kv_len, start] = sequences[b];
    const bool middle = b > 0 && b + 1 < sequences.size();
    if (kv_len <= 1) ++labels["kv_len " + std::to_string(kv_len)];
    if (q_len <= 1) ++labels["q_len " + std::to_string(q_len)];
    if (middle && kv_len == 0) ++labels["no keys in mid batch"];
    if (middle && q_len == 0) ++labels["no rows in mid batch"];
    if (q_len > kv_len && kv_len > 0) ++labels["more rows than keys"];
    if (start) ++labels["explicit start_pos"];
    if (q_len > 1 && q_len < kv_len && !start) ++labels["chunk in mid prompt"];
    if (page < 3) continue;
    const std::int64_t pages = (kv_len + 1) / page;
    const std::string many = pages == 1 ? "page" : "k pages";
    if (pages >= 1 && kv_len == pages * page - 1) ++labels["kv_len " + many + " - 1"];
    if (pages >= 1 && kv_len == pages * page) ++labels["kv_len " + many];
    if (pages >= 1 && kv_len == pages * page + 1) ++labels["kv_len " + many + " + 1"];
  }
}

void label_problem(const Case& value, Labels& labels) {
  const auto& problem = value.problem();
  const auto& mask = problem.mask;
  const std::int64_t length = problem.max_kv_len();
  if (problem.group() > 1 && problem.num_kv_heads > 1 && problem.group() != problem.num_kv_heads) {
    ++labels["group differs from num_kv_heads"];
  }
  if (problem.head_dim_v != problem.head_dim_qk) ++labels["head_dim_v"];
  if (problem.head_dim_qk == 1) ++labels["head_dim 1"];
  if (problem.head_dim_qk > 3 && problem.head_dim_qk % 2 == 1) ++labels["odd head_dim"];
  for (const auto& [name, window] :
       {std::pair{"left", mask.window_left}, std::pair{"right", mask.window_right}}) {
    if (!window) continue;
    const std::string start = std::string("window ") + name + " ";
    if (*window <= 1) ++labels[start + std::to_string(*window)];
    if (length > 3 && *window == length - 1) ++labels[start + "len - 1"];
    if (length > 3 && *window == length) ++labels[start + "len"];
    if (length > 3 && *window == length + 1) ++labels[start + "len + 1"];
  }
  if (mask.causal) ++labels["causal"];
  if (!mask.causal) ++labels["not causal"];
  if (!mask.tree.empty()) ++labels["tree"];
  if (!mask.custom.empty()) ++labels["custom mask"];
  if (mask.attention_chunk) ++labels["attention chunk"];
  if (problem.softcap > 0) ++labels["softcap"];
  if (!problem.alibi_slopes.empty()) ++labels["alibi"];
  if (!problem.sinks.empty()) ++labels["sink"];
  if (problem.bias == problem::Bias::kShared) ++labels["shared bias"];
  if (problem.bias == problem::Bias::kPerHead) ++labels["bias per head"];
  ++labels["distribution " + std::string(name_of(value.values.distribution))];
}

void label_storage(const Case& value, Labels& labels) {
  const auto& storage = value.storage;
  if (!problem::is_paged(storage.layout)) {
    if (storage.gap_tokens > 0) ++labels["gaps"];
    return;
  }
  std::set<std::int32_t> ids;
  std::size_t entries = 0;
  std::int32_t next = 0;
  bool in_order = true;
  for (const auto& row : storage.block_table) {
    for (const std::int32_t id : row) {
      in_order = in_order && id == next++;
      ids.insert(id);
      ++entries;
    }
  }
  if (ids.size() < entries) ++labels["shared pages"];
  if (!in_order) ++labels["pages out of order"];
  if (in_order && entries > 1) ++labels["pages in order"];
  if (static_cast<std::int64_t>(ids.size()) < storage.num_pages) ++labels["free pages"];
  if (storage.extra_table_columns > 0) ++labels["extra table columns"];
}

bool is_left_fold(const problem::Plan& plan) {
  const auto steps = problem::merge_steps(plan);
  auto state = static_cast<std::int32_t>(plan.parts.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto part = static_cast<std::int32_t>(i);
    const std::vector<std::int32_t> fold =
        i == 0 ? std::vector<std::int32_t>{0, 1} : std::vector<std::int32_t>{state++, part + 1};
    if (steps[i] != fold) return false;
  }
  return true;
}

void label_plan(const Case& value, Labels& labels) {
  const auto& plan = value.plan;
  const auto count = static_cast<std::int64_t>(plan.parts.size());
  for (const auto& part : plan.parts) {
    for (const auto& range : part) {
      if (range.begin == range.end) ++labels["empty part"];
    }
  }
  if (count > value.problem().max_kv_len()) ++labels["more parts than tokens"];
  if (count > 2 && !is_left_fold(plan)) ++labels["tree that is no left fold"];
  for (const auto& step : plan.merges) {
    if (step.size() > 2) ++labels["merge of many"];
  }
  for (const auto& chunks : plan.chunks) {
    for (const std::int64_t length : chunks) {
      if (length == 0 && value.problem().total_q() > 0) ++labels["empty chunk"];
    }
  }
  if (plan.num_splits > value.problem().max_kv_len()) ++labels["more splits than tokens"];
  for (const auto& poison : value.poisons) {
    const std::string what =
        std::string(name_of(poison.place)) + " " + std::string(name_of(poison.kind));
    ++labels["poison " + what];
    ++labels[std::string("poison in ") + (poison.in_k ? "k" : "") + (poison.in_v ? "v" : "")];
  }
}

TEST(Generators, ReachEveryBoundaryClass) {
  Labels labels;
  for (const KernelInfo& info : correct_kernels()) {
    for (const Property& property : all_properties()) {
      if (!property.applies(info) || property.id == "refusal.outside_is_refused") continue;
      for (std::uint64_t k = 0; k <= 100; ++k) {
        const Case value = draw_case(property, info, kSeed, k);
        label_lengths(value, labels);
        label_problem(value, labels);
        label_storage(value, labels);
        label_plan(value, labels);
      }
    }
  }
  std::vector<std::string> wanted{"kv_len 0",
                                  "kv_len 1",
                                  "kv_len page - 1",
                                  "kv_len page",
                                  "kv_len page + 1",
                                  "kv_len k pages - 1",
                                  "kv_len k pages",
                                  "kv_len k pages + 1",
                                  "q_len 0",
                                  "q_len 1",
                                  "no keys in mid batch",
                                  "no rows in mid batch",
                                  "more rows than keys",
                                  "explicit start_pos",
                                  "chunk in mid prompt",
                                  "group differs from num_kv_heads",
                                  "head_dim_v",
                                  "head_dim 1",
                                  "odd head_dim",
                                  "window left 0",
                                  "window left 1",
                                  "window left len - 1",
                                  "window left len",
                                  "window left len + 1",
                                  "window right 0",
                                  "window right 1",
                                  "window right len - 1",
                                  "window right len",
                                  "window right len + 1",
                                  "causal",
                                  "not causal",
                                  "tree",
                                  "custom mask",
                                  "attention chunk",
                                  "softcap",
                                  "alibi",
                                  "sink",
                                  "shared bias",
                                  "bias per head",
                                  "gaps",
                                  "shared pages",
                                  "pages out of order",
                                  "pages in order",
                                  "free pages",
                                  "extra table columns",
                                  "empty part",
                                  "more parts than tokens",
                                  "tree that is no left fold",
                                  "merge of many",
                                  "empty chunk",
                                  "more splits than tokens",
                                  "poison in k",
                                  "poison in v",
                                  "poison in kv"};
  for (int i = 0; i < problem::kNumDistributions; ++i) {
    wanted.push_back("distribution " + std::string(name_of(static_cast<problem::Distribution>(i))));
  }
  for (int place = 0; place < problem::kNumPoisonPlaces; ++place) {
    for (int kind = 0; kind < problem::kNumPoisonKinds; ++kind) {
      wanted.push_back("poison " + std::string(name_of(static_cast<problem::PoisonPlace>(place))) +
                       " " + std::string(name_of(static_cast<problem::PoisonKind>(kind))));
    }
  }
  for (const std::string& label : wanted) EXPECT_GE(labels[label], 10) << label;
}

TEST(Generators, ReachEmptySequencesOnEveryKernelThatTakesThem) {
  const Property& property = *find_property("memory.written");
  for (const KernelInfo& info : correct_kernels()) {
    if (!property.applies(info)) continue;
    Labels labels;
    for (std::uint64_t k = 0; k <= 100; ++k) {
      label_lengths(draw_case(property, info, kSeed, k), labels);
    }
    const int wanted_kv = info.has(ATTEST_FEATURE_EMPTY_KV) ? 10 : 0;
    const int wanted_q = info.has(ATTEST_FEATURE_EMPTY_Q) ? 10 : 0;
    EXPECT_GE(labels["kv_len 0"], wanted_kv) << info.name;
    EXPECT_GE(labels["q_len 0"], wanted_q) << info.name;
  }
}

}  // namespace
}  // namespace attest::properties
