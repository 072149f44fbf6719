// Family memory: outputs are written in full, nothing else is. Canaries and inputs are checked
// after every call of every property; these draw the cases in which going wrong is likeliest.
#include <algorithm>
#include <numeric>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/placement.h"

namespace attest::properties {
namespace {

using problem::Case;
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
      (caps.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(scene.storage.layout))) != 0 &&
      !unplaceable(scene.storage);
  const bool page = !problem::is_paged(scene.storage.layout) ||
                    kernels::contains(caps.page_size, scene.storage.page_size);
  return dims && layout && page && kernels::contains(caps.num_kv_heads, problem.num_kv_heads) &&
         ((caps.kv_dtypes != 0 ? caps.kv_dtypes : caps.q_dtypes) &
          ATTEST_DTYPE_BIT(static_cast<unsigned>(problem.k_dtype))) != 0;
}

/// The cache after an append, by the contract: the named slots hold the new tokens, all others what
/// they held.
Verdict check_append(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (!takes_cache(harness.info(), scene))
    return Verdict::skipped("outside the kernel's declaration");
  const bool paged = problem::is_paged(scene.storage.layout);
  const std::int64_t page = paged ? scene.storage.page_size : 1;
  const std::int64_t pages =
      paged ? scene.storage.num_pages : std::max<std::int64_t>(problem.total_kv(), 1);
  Harness::AppendCall call{
      .layout = scene.storage.layout,
      .num_kv_heads = problem.num_kv_heads,
      .head_dim_qk = problem.head_dim_qk,
      .head_dim_v = problem.head_dim_v,
      .page_size = page,
      .num_pages = pages,
      .dtype = problem.k_dtype,
      .k_new = scene.inputs.k,
      .v_new = scene.inputs.v,
      .slots = scattered_slots(problem.total_kv(), pages * page, value.values.seed),
      .k_cache = {},
      .v_cache = {}};
  // A shared page lets total_kv exceed the pool: later tokens would overwrite earlier ones, in no
  // defined order.
  for (std::size_t t = static_cast<std::size_t>(pages * page); t < call.slots.size(); ++t)
    call.slots[t] = -1;
  auto cache = [&](problem::DType type, std::int64_t row, std::uint64_t salt) {
    Elements out(type, static_cast<std::size_t>(pages * page * row));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out.set(i,
              static_cast<double>(problem::derive_seed(value.values.seed + salt, i) % 64) - 32.0);
    }
    return out;
  };
  const std::int64_t k_row = problem.num_kv_heads * problem.head_dim_qk;
  const std::int64_t v_row = problem.num_kv_heads * problem.head_dim_v;
  call.k_cache = cache(problem.k_dtype, k_row, 1);
  call.v_cache = cache(problem.v_dtype, v_row, 2);
  const Harness::AppendRun run = harness.append(call);
  if (run.failure) return *run.failure;
  for (const bool is_k : {true, false}) {
    const std::int64_t row = is_k ? k_row : v_row;
    const Elements& added = is_k ? call.k_new : call.v_new;
    const Elements& got = is_k ? run.k_cache : run.v_cache;
    Elements expected = is_k ? call.k_cache : call.v_cache;
    for (std::size_t t = 0; t < call.slots.size(); ++t) {
      if (call.slots[t] < 0) continue;
      for (std::int64_t x = 0; x < row; ++x) {
        expected.set_bits(
            static_cast<std::size_t>(call.slots[t] * row + x),
            added.bits(t * static_cast<std::size_t>(row) + static_cast<std::size_t>(x)));
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
    verdict.where->page = slot / page;
    verdict.where->lane = static_cast<std::int64_t>(deviation.first) % row;
    verdict.expected = deviation.expected;
    verdict.got = deviation.got;
    return verdict;
  }
  return Verdict::pass();
}

bool appends(const kernels::KernelInfo& info) { return info.can(ATTEST_OP_APPEND); }

}  // namespace

std::span<const Property> memory_family() {
  static const Property family[] = {
      {.id = "memory.written",
       .claim = "every output element is written, rows without a key included, and nothing outside "
                "is touched",
       .kills = "empty_row_unwritten, combine_batch_stride_zero",
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
       .check = check_append},
  };
  return family;
}

}  // namespace attest::properties
