// Family refusal: capabilities are exact. Inside, a call is served; outside, a kernel that promises
// validation refuses it with a message. Without that promise a kernel is never called outside.
#include <algorithm>
#include <optional>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Verdict;

Verdict check_inside(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  return run.failure ? *run.failure : Verdict::pass();
}

/// Whether nothing but start_pos leads outside of a top-left kernel, which takes it as 0 and need
/// not look at it.
bool only_start_pos_is_outside(const KernelInfo& info, const Scene& scene) {
  if (info.conventions.causal_alignment != ATTEST_CAUSAL_TOP_LEFT) return false;
  problem::Problem problem = scene.problem;
  for (problem::Sequence& sequence : problem.sequences) sequence.start_pos = 0;
  return !kernels::unsupported(info, problem, scene.storage);
}

Verdict check_outside_declaration(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto reason = kernels::unsupported(harness.info(), scene.problem, scene.storage);
  if (!reason) return Verdict::skipped("inside the kernel's declaration");
  if (only_start_pos_is_outside(harness.info(), scene))
    return Verdict::skipped("a top-left kernel does not look at start_pos");
  const Run run = harness.attend(scene);
  if (!run.failure)
    return Verdict::fail("accepted", "ran a call outside its capabilities: " + *reason);
  if (run.failure->failure_class != "refused") return *run.failure;
  constexpr std::string_view kPrefix = "refused a call inside its capabilities: ";
  if (run.failure->message.size() <= kPrefix.size()) {
    return Verdict::fail("accepted",
                         "refused without saying why; the call is outside because " + *reason);
  }
  return Verdict::pass();
}

constexpr std::int64_t kWaysOut = 21;

/// The first type that is not in a declared set, for kernels that do not take all.
std::optional<problem::DType> undeclared_type(std::uint32_t declared) {
  for (const problem::DType type : problem::all_dtypes()) {
    if ((declared & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) == 0) return type;
  }
  return std::nullopt;
}

/// Types of q, the cache or outputs that are not declared.
void change_types(std::int64_t which, const KernelInfo& info, problem::Problem& problem) {
  const auto& caps = info.capabilities;
  const std::uint32_t q = ATTEST_DTYPE_BIT(static_cast<unsigned>(problem.q_dtype));
  const std::uint32_t declared = which == 0   ? caps.q_dtypes
                                 : which == 1 ? (caps.kv_dtypes != 0 ? caps.kv_dtypes : q)
                                              : (caps.o_dtypes != 0 ? caps.o_dtypes : q);
  const auto type = undeclared_type(declared);
  if (!type) return;
  if (which == 0) problem.q_dtype = *type;
  if (which == 1) problem.k_dtype = problem.v_dtype = *type;
  if (which == 2) problem.o_dtype = *type;
}

/// A layout that is not declared, of those that can hold the problem.
void change_layout(const KernelInfo& info, Case& value) {
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    if ((info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(i))) != 0) continue;
    Case other = value;
    other.storage = plain_storage(value.problem(), static_cast<problem::KvLayout>(i), 4);
    if (problem::find_error(other)) continue;
    value = std::move(other);
    return;
  }
}

/// A mask given as data: everything visible, or one chain per sequence.
void add_mask(bool tree, problem::Problem& problem) {
  problem.mask.custom.clear();
  problem.mask.tree.clear();
  for (const problem::Sequence& sequence : problem.sequences) {
    if (!tree) {
      problem.mask.custom.emplace_back(static_cast<std::size_t>(sequence.q_len * sequence.kv_len),
                                       std::uint8_t{1});
      continue;
    }
    auto& chain = problem.mask.tree.emplace_back().parent;
    const std::int64_t size = std::min(sequence.q_len, sequence.kv_len);
    for (std::int64_t t = 0; t < size; ++t) chain.push_back(static_cast<std::int32_t>(t) - 1);
  }
}

void make_v_a_prefix(Case& value) {
  auto& problem = value.problem();
  problem.v_is_k_prefix = true;
  problem.head_dim_v = std::min(problem.head_dim_v, problem.head_dim_qk);
  problem.v_scale = problem.k_scale;
  value.storage.strides.v = {};
}

/// Changes the case in one way that leaves the capabilities, if that way exists for this kernel.
void step_outside(std::int64_t way, std::int64_t amount, const KernelInfo& info, Case& value) {
  auto& problem = value.problem();
  auto& sequence = problem.sequences.front();
  const auto heads = static_cast<std::size_t>(problem.num_q_heads);
  auto grow_past = [](const attest_set& set, std::int64_t now) {
    std::int64_t next = now;
    for (int i = 0; i < 600 && kernels::contains(set, next); ++i) ++next;
    return next;
  };
  switch (way) {
    case 0:
      problem.mask.window_left = amount;
      break;
    case 1:
      problem.mask.window_right = amount;
      break;
    case 2:
      problem.softcap = static_cast<double>(amount);
      break;
    case 3:
      problem.alibi_slopes.assign(heads, 0.5);
      break;
    case 4:
      problem.sinks.assign(heads, 1.0);
      break;
    case 5:
      problem.mask.causal = !problem.mask.causal;
      break;
    case 6: {
      const std::int64_t dim = grow_past(info.capabilities.head_dim_qk, problem.head_dim_qk);
      if (dim <= 1024) problem.head_dim_qk = problem.head_dim_v = dim;
      break;
    }
    case 7:
      problem.mask.attention_chunk = amount;
      break;
    case 8:
      if (sequence.q_len > 0) sequence.start_pos = sequence.kv_len - sequence.q_len + amount;
      break;
    case 9:
      problem.k_scale = {2.0};
      if (problem.v_is_k_prefix) problem.v_scale = problem.k_scale;
      break;
    case 10:
      problem.o_scale = 0.5;
      break;
    case 11:
      // A gap that a call of a single row has too.
      if (problem.head_dim_qk > 1) value.storage.strides.q.lane = amount;
      break;
    case 12:
      problem.bias = problem::Bias::kShared;
      break;
    case 13:
    case 14:
      add_mask(way == 13, problem);
      break;
    case 15:
    case 16:
    case 17:
      change_types(way - 15, info, problem);
      break;
    case 18:
      change_layout(info, value);
      break;
    case 19:
      make_v_a_prefix(value);
      break;
    default: {
      const std::int64_t rows =
          grow_past(info.capabilities.q_len, std::max<std::int64_t>(sequence.q_len, 1));
      if (rows > 128) break;
      sequence.q_len = rows;
      // Mask data of the old length would no longer fit.
      problem.mask.custom.clear();
      problem.mask.tree.clear();
      break;
    }
  }
}

/// Tries the ways out, beginning with a random one, until one leads outside.
void leave_capabilities(Draw& draw, const KernelInfo& info, Case& value) {
  const std::int64_t first = draw.between(0, kWaysOut - 1);
  const std::int64_t amount = draw.between(1, 4);
  for (std::int64_t i = 0; i < kWaysOut; ++i) {
    Case outside = value;
    step_outside((first + i) % kWaysOut, amount, info, outside);
    const bool well_formed = !problem::find_error(outside);
    if (well_formed && kernels::unsupported(info, outside.problem(), outside.storage)) {
      value = std::move(outside);
      return;
    }
  }
}

bool validates(const KernelInfo& info) {
  return can_attend(info) && info.promised(ATTEST_PROMISE_VALIDATES);
}

}  // namespace

std::span<const Property> refusal_family() {
  static const Property family[] = {
      {.id = "refusal.inside_is_served",
       .claim = "every call inside the declared capabilities is served",
       .kills = "long_window_refused",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_attend,
       .generate = [](const KernelInfo& info) { return cases(info, {.empties = true}); },
       .check = check_inside},
      {.id = "refusal.outside_is_refused",
       .claim = "every call outside the declared capabilities is refused with a message",
       .kills = "window_accepted_without_support",
       .file = __FILE__,
       .line = __LINE__,
       .applies = validates,
       .generate =
           [](const KernelInfo& info) {
             return cases(info, {}, [info](Draw& draw, Case& value) {
               leave_capabilities(draw, info, value);
             });
           },
       .check = check_outside_declaration},
  };
  return family;
}

}  // namespace attest::properties
