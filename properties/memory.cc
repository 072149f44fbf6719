// Family memory: outputs are written in full, nothing else is. Canaries and inputs are checked
// after every call of every property; these draw the cases in which going wrong is likeliest.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/new_tokens.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::DType;
using problem::Elements;
using problem::Verdict;

std::optional<std::size_t> first_unwritten(const Elements& tensor) {
  // The marker of an 8-bit type is a NaN like others; there the oracle has to tell.
  if (problem::size_of(tensor.type()) == 1) return std::nullopt;
  const std::uint64_t marker = problem::unwritten_bits(tensor.type());
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    if (tensor.bits(i) == marker) return i;
  }
  return std::nullopt;
}

Verdict check_written(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  const auto& problem = scene.problem;
  for (const bool is_o : {true, false}) {
    const Elements& tensor = is_o ? run.out.o : run.out.lse;
    const auto at = first_unwritten(tensor);
    if (!at) continue;
    const std::int64_t dim = is_o ? problem.head_dim_v : 1;
    const auto flat = static_cast<std::int64_t>(*at) / dim;
    problem::Where where{.tensor = is_o ? "o" : "lse"};
    where.head = flat % problem.num_q_heads;
    const std::int64_t row = flat / problem.num_q_heads;
    where.sequence = 0;
    while (where.sequence + 1 < problem.batch() && row >= problem.first_row(where.sequence + 1))
      ++where.sequence;
    where.row = row - problem.first_row(where.sequence);
    if (is_o) where.lane = static_cast<std::int64_t>(*at) % dim;
    Verdict verdict =
        Verdict::fail("unwritten", where.tensor + "[sequence " + std::to_string(where.sequence) +
                                       ", row " + std::to_string(where.row) + ", head " +
                                       std::to_string(where.head) + "] was never written");
    verdict.where = where;
    return verdict;
  }
  return Verdict::pass();
}

/// Slots of `count` tokens: distinct, scattered over the pool, some skipped.
std::vector<std::int64_t> scattered_slots(std::int64_t tokens, std::int64_t pool,
                                          std::uint64_t seed) {
  std::vector<std::int64_t> slots;
  // A stride that shares no factor with the pool visits every slot once.
  std::int64_t stride =
      static_cast<std::int64_t>(problem::derive_seed(seed, 0) % static_cast<std::uint64_t>(pool)) |
      1;
  while (std::gcd(stride, pool) != 1) stride += 2;
  for (std::int64_t t = 0; t < tokens; ++t) {
    const bool skip = problem::derive_seed(seed, static_cast<std::uint64_t>(t) + 1) % 5 == 0;
    slots.push_back(skip ? -1 : (t * stride) % pool);
  }
  return slots;
}

/// Whether the kernel declares a cache of these sizes; an append has no queries, masks or scores to
/// declare.
bool takes_cache(const kernels::KernelInfo& info, const Scene& scene) {
  const auto& problem = scene.problem;
  const auto& caps = info.capabilities;
  const bool dims = kernels::contains(caps.head_dim_qk, problem.head_dim_qk) &&
                    (problem.head_dim_v == problem.head_dim_qk ||
                     (info.has(ATTEST_FEATURE_HEAD_DIM_V) &&
                      kernels::contains(caps.head_dim_v, problem.head_dim_v)));
  const bool layout =
      (caps.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(scene.storage.layout))) != 0;
  const bool page = !problem::is_paged(scene.storage.layout) ||
                    kernels::contains(caps.page_size, scene.storage.page_size);
  const bool strides = scene.storage.strides.packed() || info.has(ATTEST_FEATURE_STRIDES);
  const bool prefix = !problem.v_is_k_prefix || info.has(ATTEST_FEATURE_V_IS_K_PREFIX);
  // New tokens have the type of q, as far as there is one.
  const auto new_type = ATTEST_DTYPE_BIT(static_cast<unsigned>(problem.q_dtype));
  const bool types = caps.q_dtypes == 0 || (caps.q_dtypes & new_type) != 0;
  return dims && layout && page && strides && prefix && types &&
         kernels::contains(caps.num_kv_heads, problem.num_kv_heads) &&
         ((caps.kv_dtypes != 0 ? caps.kv_dtypes : caps.q_dtypes) &
          ATTEST_DTYPE_BIT(static_cast<unsigned>(problem.k_dtype))) != 0;
}

/// A power of two per KV head for a quantised cache: then x / scale is exact, and what the cache
/// must hold is one rounding of it.
problem::Scales append_scales(const kernels::KernelInfo& info, const problem::Problem& problem,
                              std::uint64_t seed) {
  problem::Scales scales;
  if (!info.has(ATTEST_FEATURE_SCALES) || problem::size_of(problem.k_dtype) > 1) return scales;
  for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
    const auto exponent = problem::derive_seed(seed, static_cast<std::uint64_t>(head)) % 5;
    scales.push_back(std::ldexp(0.25, static_cast<int>(exponent)));
  }
  return scales;
}

Harness::AppendCall append_call(const Scene& scene, const kernels::KernelInfo& info,
                                std::uint64_t seed) {
  const auto& problem = scene.problem;
  const auto& storage = scene.storage;
  const bool paged = problem::is_paged(storage.layout);
  const bool padded = storage.layout == problem::KvLayout::kPadded;
  Harness::AppendCall call;
  call.layout = storage.layout;
  call.num_kv_heads = problem.num_kv_heads;
  call.head_dim_qk = problem.head_dim_qk;
  call.head_dim_v = problem.head_dim_v;
  call.page_size = paged    ? storage.page_size
                   : padded ? std::max<std::int64_t>(problem.max_kv_len(), 1)
                            : 1;
  call.num_pages = paged    ? storage.num_pages
                   : padded ? problem.batch()
                            : std::max<std::int64_t>(problem.total_kv(), 1);
  call.dtype = problem.k_dtype;
  call.v_is_k_prefix = problem.v_is_k_prefix;
  call.strides = storage.strides;
  // Two heads in one place could not both be written.
  call.strides.k.one_head = call.strides.v.one_head = false;
  call.k_scale = append_scales(info, problem, seed);
  call.v_scale = problem.v_is_k_prefix ? call.k_scale : append_scales(info, problem, seed + 1);
  const DType added = info.capabilities.q_dtypes == 0 ? problem.k_dtype : problem.q_dtype;
  call.k_new = as_new(scene.inputs.k, added, call.k_scale, problem.head_dim_qk);
  call.v_new = as_new(scene.inputs.v, added, call.v_scale, problem.head_dim_v);
  const std::int64_t pool = call.num_pages * call.page_size;
  call.slots = scattered_slots(problem.total_kv(), pool, seed);
  // A shared page lets total_kv exceed the pool: later tokens would overwrite earlier ones, in no
  // defined order.
  for (auto t = static_cast<std::size_t>(pool); t < call.slots.size(); ++t) call.slots[t] = -1;
  const auto cache = [&](std::int64_t row, std::uint64_t salt) {
    Elements out(problem.k_dtype, static_cast<std::size_t>(pool * row));
    for (std::size_t i = 0; i < out.size(); ++i)
      out.set(i, static_cast<double>(problem::derive_seed(seed + salt, i) % 64) - 32.0);
    return out;
  };
  call.k_cache = cache(problem.num_kv_heads * problem.head_dim_qk, 1);
  call.v_cache = cache(problem.num_kv_heads * problem.head_dim_v, 2);
  return call;
}

/// The cache after an append, by the contract: the named slots hold the new tokens, all others what
/// they held.
Verdict check_writes_of_append(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (!takes_cache(harness.info(), scene))
    return Verdict::skipped("outside the kernel's declaration");
  const Harness::AppendCall call = append_call(scene, harness.info(), value.values.seed);
  const Harness::AppendRun run = harness.append(call);
  if (run.failure) return *run.failure;
  for (const bool is_k : {true, false}) {
    if (!is_k && problem.v_is_k_prefix) continue;
    const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
    const std::int64_t row = problem.num_kv_heads * dim;
    const Elements& added = is_k ? call.k_new : call.v_new;
    const Elements& got = is_k ? run.k_cache : run.v_cache;
    const problem::Scales& scales = is_k ? call.k_scale : call.v_scale;
    Elements expected = is_k ? call.k_cache : call.v_cache;
    for (std::size_t t = 0; t < call.slots.size(); ++t) {
      if (call.slots[t] < 0) continue;
      for (std::int64_t x = 0; x < row; ++x) {
        const std::size_t from = t * static_cast<std::size_t>(row) + static_cast<std::size_t>(x);
        expected.set_bits(static_cast<std::size_t>(call.slots[t] * row + x),
                          stored_bits(added, from, call.dtype, scales, dim));
      }
    }
    const oracle::Deviation deviation = oracle::compare_bits(got, expected);
    if (!deviation.bad()) continue;
    const auto slot = static_cast<std::int64_t>(deviation.first) / row;
    const bool named = std::find(call.slots.begin(), call.slots.end(), slot) != call.slots.end();
    Verdict verdict = Verdict::fail(
        "bits", std::string(is_k ? "k" : "v") + "_cache slot " + std::to_string(slot) +
                    (named ? " does not hold the appended token"
                           : " was changed although no token goes there"));
    verdict.where = problem::Where{.tensor = is_k ? "k_cache" : "v_cache"};
    verdict.where->page = slot / call.page_size;
    verdict.where->lane = static_cast<std::int64_t>(deviation.first) % row;
    verdict.expected = deviation.expected;
    verdict.got = deviation.got;
    return verdict;
  }
  return Verdict::pass();
}

/// The last token is one too many: its slot is the first past the cache.
Verdict check_append_when_full(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!takes_cache(harness.info(), scene))
    return Verdict::skipped("outside the kernel's declaration");
  Harness::AppendCall call = append_call(scene, harness.info(), value.values.seed);
  if (call.slots.empty()) return Verdict::skipped("no token");
  call.slots.back() = call.num_pages * call.page_size;
  const Harness::AppendRun run = harness.append(call);
  if (!run.failure)
    return Verdict::fail("accepted", "appended a token although the cache has no slot for it");
  if (run.failure->failure_class != "refused") return *run.failure;
  constexpr std::string_view kPrefix = "refused a call inside its capabilities: ";
  if (run.failure->message.size() <= kPrefix.size()) {
    return Verdict::fail("accepted", "refused an append past the cache without saying why");
  }
  return Verdict::pass();
}

bool appends(const kernels::KernelInfo& info) { return info.can(ATTEST_OP_APPEND); }
bool appends_and_validates(const kernels::KernelInfo& info) {
  return appends(info) && info.promised(ATTEST_PROMISE_VALIDATES);
}

}  // namespace

std::span<const Property> memory_family() {
  static const Property family[] = {
      {.id = "memory.written",
       .claim = "every output element is written, rows without a key included, and nothing outside "
                "is touched",
       .kills = "empty_row_unwritten, combine_batch_stride_zero, head_dim_truncated, "
                "output_stride_wrong",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_attend,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.empties = true}); },
       .check = check_written},
      {.id = "memory.append",
       .claim = "append writes exactly the slots it is given, bit for bit, and skips negative ones",
       .kills = "negative_slot_wraps, page_size_hard_coded",
       .file = __FILE__,
       .line = __LINE__,
       .applies = appends,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_writes_of_append},
      {.id = "memory.append_when_full",
       .claim = "an append past the last slot of the cache is refused with a message",
       .kills = "append_past_capacity",
       .file = __FILE__,
       .line = __LINE__,
       .applies = appends_and_validates,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_append_when_full},
  };
  return family;
}

}  // namespace attest::properties
