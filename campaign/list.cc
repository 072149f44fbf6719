#include "campaign/list.h"

#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "campaign/table.h"
#include "problem/dtype.h"
#include "problem/kv_storage.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

struct Name {
  std::uint64_t bit;
  std::string_view name;
};

constexpr Name kOperations[] = {{ATTEST_OP_ATTEND, "attend"},
                                {ATTEST_OP_ATTEND_PARTIAL, "attend_partial"},
                                {ATTEST_OP_MERGE, "merge"},
                                {ATTEST_OP_APPEND, "append"},
                                {ATTEST_OP_APPEND_ATTEND, "append_attend"}};

constexpr Name kPromises[] = {{ATTEST_PROMISE_RUN_TO_RUN, "run to run"},
                              {ATTEST_PROMISE_BATCH_INVARIANT, "batch invariant"},
                              {ATTEST_PROMISE_SPLIT_INVARIANT, "split invariant"},
                              {ATTEST_PROMISE_VALIDATES, "validates"},
                              {ATTEST_PROMISE_REPORTS_PATH, "reports path"},
                              {ATTEST_PROMISE_PLAN_REUSED, "plan reused"}};

constexpr Name kFeatures[] = {{ATTEST_FEATURE_NON_CAUSAL, "non-causal"},
                              {ATTEST_FEATURE_CAUSAL, "causal"},
                              {ATTEST_FEATURE_START_POS, "start_pos"},
                              {ATTEST_FEATURE_WINDOW_LEFT, "window_left"},
                              {ATTEST_FEATURE_WINDOW_RIGHT, "window_right"},
                              {ATTEST_FEATURE_ATTENTION_CHUNK, "attention_chunk"},
                              {ATTEST_FEATURE_TREE, "tree"},
                              {ATTEST_FEATURE_CUSTOM_MASK, "custom mask"},
                              {ATTEST_FEATURE_SOFTCAP, "softcap"},
                              {ATTEST_FEATURE_ALIBI, "ALiBi"},
                              {ATTEST_FEATURE_BIAS, "bias"},
                              {ATTEST_FEATURE_SINK, "sink"},
                              {ATTEST_FEATURE_SCALES, "scales"},
                              {ATTEST_FEATURE_LSE, "lse"},
                              {ATTEST_FEATURE_EMPTY_KV, "kv_len 0"},
                              {ATTEST_FEATURE_EMPTY_Q, "q_len 0"},
                              {ATTEST_FEATURE_Q_LONGER, "q_len > kv_len"},
                              {ATTEST_FEATURE_RAGGED, "ragged"},
                              {ATTEST_FEATURE_HEAD_DIM_V, "head_dim_v"},
                              {ATTEST_FEATURE_V_IS_K_PREFIX, "V prefix of K"},
                              {ATTEST_FEATURE_NUM_SPLITS, "num_splits"},
                              {ATTEST_FEATURE_STRIDES, "strides"},
                              {ATTEST_FEATURE_TABLE_CSR, "CSR table"},
                              {ATTEST_FEATURE_MERGE_IN_PLACE, "merge in place"},
                              {ATTEST_FEATURE_MERGE_MANY, "merge many"},
                              {ATTEST_FEATURE_GRAPH, "graph"},
                              {ATTEST_FEATURE_ROTARY_HALVES, "rotary halves"},
                              {ATTEST_FEATURE_ROTARY_INTERLEAVED, "rotary interleaved"}};

std::vector<std::string> pick(std::span<const Name> names, std::uint64_t bits) {
  std::vector<std::string> picked;
  for (const auto& [bit, name] : names) {
    if ((bits & bit) != 0) picked.emplace_back(name);
  }
  return picked;
}

std::vector<std::string> dtypes(std::uint32_t bits) {
  std::vector<std::string> picked;
  for (const problem::DType type : problem::all_dtypes()) {
    if ((bits & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) != 0) {
      picked.emplace_back(problem::name_of(type));
    }
  }
  return picked;
}

std::vector<std::string> layouts(std::uint32_t bits) {
  std::vector<std::string> picked;
  for (unsigned i = 0; i < problem::kNumKvLayouts; ++i) {
    if ((bits & ATTEST_LAYOUT_BIT(i)) != 0) {
      picked.emplace_back(problem::name_of(static_cast<problem::KvLayout>(i)));
    }
  }
  return picked;
}

/// What attest_numerics says, field by field under its own name; defaults and what the preset says
/// are left out.
std::vector<std::string> numerics(const kernels::KernelInfo& info) {
  if ((info.operations & ~std::uint32_t{ATTEST_OP_APPEND}) == 0) return {};
  const attest_numerics& n = info.numerics;
  const problem::Numerics declared = info.declared_numerics();
  std::vector<std::string> items = {
      fmt::format("accumulate {}", problem::name_of(declared.accumulate))};
  if (!info.numerics_preset.empty()) items.push_back("preset " + info.numerics_preset);
  const auto number = [&items](std::string_view field, auto value) {
    if (value != 0) items.push_back(fmt::format("{} {}", field, value));
  };
  const auto flag = [&items](std::string_view field, std::int32_t value) {
    if (value != 0) items.emplace_back(field);
  };
  const auto dtype = [&items](std::string_view field, std::int32_t plus_1) {
    if (plus_1 == 0) return;
    const auto type = static_cast<problem::DType>(plus_1 - 1);
    items.push_back(fmt::format("{} {}", field,
                                plus_1 == ATTEST_P_LIKE_Q ? "that of q" : problem::name_of(type)));
  };
  if (n.accumulator != 0) {
    items.push_back(fmt::format("accumulator {}", problem::name_of(declared.accumulator)));
  }
  number("product_bits", n.product_bits);
  number("mma_depth", n.mma_depth);
  number("mma_extra_bits", n.mma_extra_bits);
  flag("q_prescaled", n.q_prescaled);
  dtype("score_dtype", n.score_dtype_plus_1);
  number("exp_ulp", n.exp_ulp);
  number("exp_arg_ulp", n.exp_arg_ulp);
  number("tanh_ulp", n.tanh_ulp);
  number("lazy_rescale", n.lazy_rescale);
  dtype("p_dtype", n.p_dtype_plus_1);
  if (n.weight_sum != 0) {
    items.push_back(fmt::format("weight_sum {}", problem::name_of(declared.weight_sum)));
  }
  flag("p_unnormalised", n.p_unnormalised);
  number("p_scale_log2", n.p_scale_log2);
  number("dot_lanes", n.dot_lanes);
  number("value_lanes", n.value_lanes);
  number("weight_lanes", n.weight_lanes);
  number("tile", n.tile);
  number("ordered_block", n.ordered_block);
  number("max_splits", n.max_splits);
  number("merge_levels", n.merge_levels);
  dtype("part_dtype", n.part_dtype_plus_1);
  flag("merge_normalises", n.merge_normalises);
  flag("keeps_subnormals", n.keeps_subnormals);
  return items;
}

std::string entry(std::string_view name, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  return folded(fmt::format("  {:<11}", name), items, std::string(13, ' '));
}

}  // namespace

std::string list_kernels(const std::vector<kernels::KernelInfo>& kernels) {
  std::string text;
  for (const kernels::KernelInfo& info : kernels) {
    text += fmt::format("{}  {}\n", problem::printable(info.name),
                        problem::printable(info.description));
    if (!info.library.empty()) {
      text += entry("library", {problem::printable(info.library, 400)});
    }
    if (info.on_executor) text += entry("runs on", {"the CPU, by the SIMT executor: no GPU"});
    if (info.capabilities.device == ATTEST_CUDA) text += entry("runs on", {"a CUDA device"});
    text += entry("operations", pick(kOperations, info.operations));
    text += entry("types", dtypes(info.capabilities.q_dtypes));
    text += entry("layouts", layouts(info.capabilities.layouts));
    text += entry("features", pick(kFeatures, info.capabilities.features));
    text += entry("numerics", numerics(info));
    text += entry("promises", pick(kPromises, info.promises));
  }
  return text;
}

std::string list_properties(const std::vector<const properties::Property*>& properties) {
  std::string text;
  for (const properties::Property* property : properties) {
    text += fmt::format("{}\n  {}\n", property->id, property->claim);
    if (!property->kills.empty()) text += fmt::format("  kills {}\n", property->kills);
  }
  return text;
}

}  // namespace attest::campaign
