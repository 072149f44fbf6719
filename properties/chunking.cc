// Family chunking: feeding a prompt in chunks through the cache equals feeding it at once.
#include <algorithm>

#include "properties/append_attend.h"
#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/new_tokens.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Elements;
using problem::Verdict;

Verdict check_split(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& chunks = value.plan.chunks;
  if (chunks.empty() || !scene.problem.mask.causal || !scene.problem.mask.tree.empty()) {
    return Verdict::skipped("no chunks of a causal problem");
  }
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;

  std::vector<std::int64_t> done(chunks.size(), 0);
  double worst = 0;
  bool ran = false;
  std::size_t steps = 0;  // shrinking joins chunks of one sequence and leaves the others
  for (const auto& of_sequence : chunks) steps = std::max(steps, of_sequence.size());
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<RowCut> cuts;
    std::vector<Harness::RowPair> pairs;
    for (std::size_t b = 0; b < chunks.size(); ++b) {
      const auto& sequence = scene.problem.sequences[b];
      const std::int64_t count = step < chunks[b].size() ? chunks[b][step] : 0;
      // The cache holds what was written up to the chunk's own last token.
      const std::int64_t cached =
          std::clamp<std::int64_t>(sequence.first_position() + done[b] + count, 0, sequence.kv_len);
      cuts.push_back({done[b], count, cached});
      for (std::int64_t row = 0; row < count; ++row) {
        pairs.push_back({scene.problem.first_row(static_cast<std::int64_t>(b)) + done[b] + row,
                         static_cast<std::int64_t>(pairs.size())});
      }
      done[b] += count;
    }
    if (pairs.empty()) continue;
    const Scene chunk = cut_rows(scene, cuts);
    if (!harness.supported(chunk))
      return Verdict::skipped("a chunk is outside the kernel's declaration");
    const Run run = harness.attend(chunk);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(scene, whole.out, run.out, false, pairs);
    if (verdict.failed()) {
      verdict.message = "chunk " + std::to_string(step) + ": " + verdict.message;
      return verdict;
    }
    worst = std::max(worst, verdict.severity);
    ran = true;
  }
  return ran ? Verdict::pass(worst) : Verdict::skipped("no rows");
}

/// Reads a sequence-by-sequence [total_kv, row] tensor back through the block table.
Elements gather_tokens(const Scene& scene, const Elements& cache, std::int64_t row) {
  Elements out(cache.type(), static_cast<std::size_t>(scene.problem.total_kv() * row));
  std::size_t to = 0;
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    for (std::int64_t token = 0; token < scene.problem.sequences[b].kv_len; ++token) {
      const std::int64_t page = scene.storage.block_table[b][token / scene.storage.page_size];
      const std::int64_t slot = page * scene.storage.page_size + token % scene.storage.page_size;
      for (std::int64_t i = 0; i < row; ++i)
        out.set_bits(to++, cache.bits(static_cast<std::size_t>(slot * row + i)));
    }
  }
  return out;
}

/// Appends every token by slot mapping, newest first, to an empty cache, then attends over what the
/// cache holds.
Verdict check_append(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (!problem::is_paged(scene.storage.layout)) return Verdict::skipped("not paged");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const auto heads = static_cast<std::size_t>(problem.num_kv_heads);
  if (problem.k_scale.size() > heads || problem.v_scale.size() > heads)
    return Verdict::skipped("an append knows no sequences that could have scales");
  Harness::AppendCall call;
  call.layout = scene.storage.layout;
  call.num_kv_heads = problem.num_kv_heads;
  call.head_dim_qk = problem.head_dim_qk;
  call.head_dim_v = problem.head_dim_v;
  call.page_size = scene.storage.page_size;
  call.num_pages = scene.storage.num_pages;
  call.dtype = problem.k_dtype;
  call.v_is_k_prefix = problem.v_is_k_prefix;
  call.strides = scene.storage.strides;
  call.strides.k.one_head = call.strides.v.one_head = false;
  call.k_scale = problem.k_scale;
  call.v_scale = problem.v_scale;
  call.k_new = as_new(scene.inputs.k, problem.q_dtype, call.k_scale, problem.head_dim_qk);
  call.v_new = as_new(scene.inputs.v, problem.q_dtype, call.v_scale, problem.head_dim_v);
  if (!comes_back(scene.inputs.k, call.k_new, call.k_scale, problem.head_dim_qk) ||
      !comes_back(scene.inputs.v, call.v_new, call.v_scale, problem.head_dim_v))
    return Verdict::skipped("the type of q cannot hold what the cache does");
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t token = 0; token < problem.sequences[b].kv_len; ++token) {
      const std::int64_t page = scene.storage.block_table[b][token / scene.storage.page_size];
      call.slots.push_back(page * scene.storage.page_size + token % scene.storage.page_size);
    }
  }
  const auto slots = static_cast<std::size_t>(scene.storage.num_pages * scene.storage.page_size);
  const auto k_row = static_cast<std::size_t>(problem.num_kv_heads * problem.head_dim_qk);
  const auto v_row = static_cast<std::size_t>(problem.num_kv_heads * problem.head_dim_v);
  call.k_cache = Elements(problem.k_dtype, slots * k_row);
  call.v_cache = Elements(problem.v_dtype, slots * v_row);
  const Harness::AppendRun appended = harness.append(call);
  if (appended.failure) return *appended.failure;

  Scene from_cache = scene;
  from_cache.inputs.k = gather_tokens(scene, appended.k_cache, static_cast<std::int64_t>(k_row));
  from_cache.inputs.v = gather_tokens(scene, appended.v_cache, static_cast<std::int64_t>(v_row));
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  const Run run = harness.attend(from_cache);
  if (run.failure) return *run.failure;
  return harness.same(scene, run.out, whole.out, repeats_bits(harness.info()));
}

bool prefills_causally(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_CAUSAL) &&
         kernels::contains(info.capabilities.q_len, 2);
}
bool appends_and_attends(const kernels::KernelInfo& info) {
  return info.can(ATTEST_OP_ATTEND | ATTEST_OP_APPEND) && is_paged_kernel(info);
}

}  // namespace

std::span<const Property> chunking_family() {
  static const Property family[] = {
      {.id = "chunking.split",
       .claim = "any split of the queries into chunks through the cache equals one shot",
       .kills = "causal_top_left, kv_end_ignores_prefix, loop_starts_at_chunk, "
                "prefix_lost_in_two_token_step, bound_from_q_len, alibi_off_at_decode",
       .file = __FILE__,
       .line = __LINE__,
       .applies = prefills_causally,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info,
                          {.causal = true, .chunks = true, .many_rows = true, .no_tree = true});
           },
       .check = check_split},
      {.id = "chunking.append_then_attend",
       .claim = "attending over tokens appended through a slot mapping equals attending over the "
                "concatenation",
       .kills = "page_size_hard_coded",
       .file = __FILE__,
       .line = __LINE__,
       .applies = appends_and_attends,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.paged = true}); },
       .check = check_append},
      {.id = "chunking.append_attend",
       .claim = "append and attend in one call gives what attending over the longer cache gives, "
                "and writes the new tokens and nothing else",
       .kills = "",
       .file = __FILE__,
       .line = __LINE__,
       .applies = appends_and_attends_at_once,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}, make_rows_new); },
       .check = check_append_attend},
      {.id = "chunking.rotary",
       .claim = "rotary embedding turns queries and new keys by their positions: what is attended "
                "is what is then in the cache",
       .kills = "rotary_position_of_chunk, rotary_all_lanes, new_keys_not_turned",
       .file = __FILE__,
       .line = __LINE__,
       .applies = turns,
       .generate =
           [](const kernels::KernelInfo& info) {
             // Numbers of few bits, which tables of few bits turn without rounding.
             return cases(info, {.distributions = {problem::Distribution::kLattice}},
                          make_rows_new);
           },
       .check = check_rotary},
      {.id = "chunking.rotary_cache",
       .claim = "new keys are in the cache turned by their positions, for any angles",
       .kills = "rotary_position_of_chunk, rotary_all_lanes",
       .file = __FILE__,
       .line = __LINE__,
       .applies = turns,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}, make_rows_new); },
       .check = check_rotary_cache},
  };
  return family;
}

}  // namespace attest::properties
