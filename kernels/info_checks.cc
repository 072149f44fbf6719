// validate(): every field of a declaration, one line on what is wrong.
#include "kernels/info_checks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "kernels/kernel_info.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

constexpr std::uint32_t kAllDtypes = (1u << problem::kNumDTypes) - 1;
constexpr std::uint32_t kAllLayouts = (1u << problem::kNumKvLayouts) - 1;
constexpr std::uint64_t kAllFeatures = (ATTEST_FEATURE_ROTARY_INTERLEAVED << 1) - 1;
constexpr std::uint32_t kAllPromises = (ATTEST_PROMISE_PLAN_REUSED << 1) - 1;
constexpr std::uint32_t kAllOperations = (ATTEST_OP_APPEND_ATTEND << 1) - 1;
constexpr std::uint32_t kAttends =
    ATTEST_OP_ATTEND | ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_APPEND_ATTEND;

void check_bits(std::string_view field, std::uint64_t bits, std::uint64_t known) {
  if ((bits & ~known) != 0) {
    throw ContractError(fmt::format("{} = {:#x}: bit {} has no meaning in ABI {}", field, bits,
                                    std::countr_zero(bits & ~known), ATTEST_ABI_VERSION));
  }
}

void check_drawable(const std::string& field, std::int64_t smallest, std::int64_t drawable) {
  if (smallest <= drawable) return;
  throw ContractError(fmt::format("{}: its smallest value is {}; cases of at most {} are drawn",
                                  field, smallest, drawable));
}

// `least` is the smallest sensible member: 1 for sizes, 0 for lengths. A kernel whose smallest
// member from 1 on is above `drawable` could not be tested: no case of that size is drawn.
void check_set(std::string_view name, const attest_set& set, std::int64_t least,
               std::int64_t drawable) {
  const std::string field = fmt::format("capabilities.{}", name);
  const std::string rule = fmt::format("must be >= {}", least);
  if (set.reserved != 0) wrong(field + ".reserved", set.reserved, "must be 0");
  if (set.count < 0 || set.count > ATTEST_SET_CAPACITY) {
    wrong(field + ".count", set.count, fmt::format("must be 0 to {}", ATTEST_SET_CAPACITY));
  }
  for (std::int32_t i = 0; i < set.count; ++i) {
    if (set.list[i] < least) wrong(fmt::format("{}.list[{}]", field, i), set.list[i], rule);
  }
  if (set.min < 0) wrong(field + ".min", set.min, rule);
  if (set.max < 0) wrong(field + ".max", set.max, rule + ", or 0 for no upper limit");
  if (set.multiple < 0) wrong(field + ".multiple", set.multiple, "must be >= 1, or 0 for 1");
  if (set.count > 0) {
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    for (std::int32_t i = 0; i < set.count; ++i) {
      if (set.list[i] >= 1) smallest = std::min(smallest, set.list[i]);
    }
    if (smallest == std::numeric_limits<std::int64_t>::max()) {
      wrong(field, "{0}", "must contain a value >= 1");
    }
    check_drawable(field, smallest, drawable);
    return;
  }
  if (set.max != 0 && set.min > set.max) {
    throw ContractError(
        fmt::format("{}.min = {}: must be <= {}.max = {}", field, set.min, name, set.max));
  }
  // The first member from 1 on is `first`, written so that nothing overflows.
  const std::int64_t multiple = std::max<std::int64_t>(set.multiple, 1);
  const std::int64_t from = std::max<std::int64_t>(set.min, 1);
  const std::int64_t missing = (multiple - from % multiple) % multiple;
  const std::int64_t limit = set.max != 0 ? set.max : std::numeric_limits<std::int64_t>::max();
  if (from > limit || missing > limit - from) {
    throw ContractError(
        fmt::format("{}: no multiple of {} lies in [{}, {}]", field, multiple, from, limit));
  }
  check_drawable(field, from + missing, drawable);
}

void check_capabilities(const KernelInfo& info) {
  const attest_capabilities& c = info.capabilities;
  check_choice("capabilities.device", c.device, ATTEST_CUDA);
  check_bits("capabilities.q_dtypes", c.q_dtypes, kAllDtypes);
  check_bits("capabilities.kv_dtypes", c.kv_dtypes, kAllDtypes);
  check_bits("capabilities.o_dtypes", c.o_dtypes, kAllDtypes);
  check_bits("capabilities.layouts", c.layouts, kAllLayouts);
  check_bits("capabilities.features", c.features, kAllFeatures);
  const bool attends = (info.operations & kAttends) != 0;
  const bool appends = (info.operations & ATTEST_OP_APPEND) != 0;
  if (attends && c.q_dtypes == 0) wrong("capabilities.q_dtypes", 0, "must name a type");
  if (appends && c.q_dtypes == 0 && c.kv_dtypes == 0) {
    wrong("capabilities.kv_dtypes", 0, "must name a type");
  }
  if ((attends || appends) && c.layouts == 0)
    wrong("capabilities.layouts", 0, "must name a layout");
  if (attends && (c.features & (ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL)) == 0) {
    wrong("capabilities.features", c.features,
          "must have ATTEST_FEATURE_CAUSAL or ATTEST_FEATURE_NON_CAUSAL");
  }
  check_set("head_dim_qk", c.head_dim_qk, 1, 1024);
  check_set("head_dim_v", c.head_dim_v, 1, 1024);
  check_set("page_size", c.page_size, 1, 1024);
  check_set("num_kv_heads", c.num_kv_heads, 1, 64);
  check_set("group", c.group, 1, 64);
  check_set("q_len", c.q_len, 0, 1024);
  check_set("kv_len", c.kv_len, 0, 1024);
  check_set("batch", c.batch, 1, 64);
  if (c.base_alignment < 0 || c.base_alignment > 4096 ||
      (c.base_alignment & (c.base_alignment - 1)) != 0) {
    wrong("capabilities.base_alignment", c.base_alignment,
          "must be 0 or a power of two up to 4096");
  }
  if (c.stride_alignment < 0 || c.stride_alignment > 1 << 20) {
    wrong("capabilities.stride_alignment", c.stride_alignment, "must be 0 to 1048576");
  }
}

void check_conventions(const KernelInfo& info) {
  const attest_conventions& c = info.conventions;
  check_choice("conventions.causal_alignment", c.causal_alignment, ATTEST_CAUSAL_TOP_LEFT);
  check_choice("conventions.window_counts_self", c.window_counts_self, ATTEST_WINDOW_COUNTS_SELF);
  check_choice("conventions.lse_base", c.lse_base, ATTEST_LSE_BASE_2);
  check_choice("conventions.lse_layout", c.lse_layout, ATTEST_LSE_HEAD_ROW);
  check_choice("conventions.empty_o", c.empty_o, ATTEST_EMPTY_O_NAN);
  check_choice("conventions.empty_lse", c.empty_lse, ATTEST_EMPTY_LSE_PLUS_INF);
  check_choice("conventions.sink_not_in_lse", c.sink_not_in_lse, 1);
  check_choice("conventions.unused_slots", c.unused_slots, ATTEST_SLOTS_ZERO);
  check_choice("conventions.output_before", c.output_before, ATTEST_OUTPUT_ZEROED);
  check_choice("conventions.workspace_before", c.workspace_before, ATTEST_WORKSPACE_ZEROED_ONCE);
  check_choice("conventions.state_format", c.state_format, ATTEST_STATE_M_L_O);
  if (c.causal_alignment == ATTEST_CAUSAL_TOP_LEFT && info.has(ATTEST_FEATURE_START_POS)) {
    wrong("conventions.causal_alignment", c.causal_alignment,
          "top-left takes start_pos as 0, but capabilities.features has ATTEST_FEATURE_START_POS");
  }
}

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' ||
           c == '-';
  };
  if (name.empty() || name.size() > kMaxNameLength ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    throw ContractError(fmt::format("kernel name '{}': must match [a-z0-9_./-]{{1,{}}}",
                                    printable(name, 60), kMaxNameLength));
  }
}

}  // namespace

void validate(const KernelInfo& info) {
  check_name(info.name);
  try {
    if (info.description.size() > kMaxDescriptionLength ||
        info.description != printable(info.description, kMaxDescriptionLength)) {
      throw ContractError("description: must be one line of printable ASCII");
    }
    check_bits("operations", info.operations, kAllOperations);
    if (info.operations == 0) wrong("operations", 0, "must name an operation (ATTEST_OP_...)");
    check_bits("promises", info.promises, kAllPromises);
    check_capabilities(info);
    check_conventions(info);
    check_numerics(info);
  } catch (const ContractError& error) {
    throw ContractError(fmt::format("kernel '{}': {}", info.name, error.what()));
  }
}

}  // namespace attest::kernels
