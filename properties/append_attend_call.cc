#include "properties/append_attend_call.h"

#include <new>
#include <vector>

#include "properties/junk.h"
#include "properties/placement.h"
#include "properties/plan_once.h"
#include "properties/run_failure.h"
#include "properties/slots.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::DType;
using problem::Elements;

/// The new tokens' rows of K or V in the type of q, sequence after sequence.
attest_tensor place_new(const Scene& scene, bool is_k, Launch& launch) {
  const auto& problem = scene.problem;
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
  const std::int64_t row = problem.num_kv_heads * dim;
  Elements rows(problem.q_dtype, static_cast<std::size_t>(problem.total_q() * row));
  std::size_t to = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const std::int64_t first = first_new_token(problem, b) * row;
    for (std::int64_t i = 0; i < problem.sequences[b].q_len * row; ++i)
      rows.set(to++, from.value(static_cast<std::size_t>(first + i)));
  }
  const attest_tensor tensor =
      launch.tensor(is_k ? "k_new" : "v_new", Role::kInput, static_cast<int>(problem.q_dtype),
                    std::vector{problem.total_q(), problem.num_kv_heads, dim});
  write_tensor(tensor, rows);
  return tensor;
}

/// Junk where the new tokens will be. Returns what the cache then holds.
Elements forget_new(const Scene& scene, const attest_tensor& cache, std::int64_t dim,
                    std::uint64_t seed) {
  const auto& problem = scene.problem;
  const Slots slots(problem, scene.storage);
  const std::int64_t row = problem.num_kv_heads * dim;
  Elements held = read_tensor(cache);
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto& sequence = problem.sequences[b];
    for (std::int64_t t = sequence.kv_len - sequence.q_len; t < sequence.kv_len; ++t) {
      const std::int64_t first = slots.of(b, t) * row;
      for (std::int64_t i = first; i < first + row; ++i)
        held.set(static_cast<std::size_t>(i), junk_value(seed, static_cast<std::size_t>(i)));
    }
  }
  write_tensor(cache, held);
  return held;
}

attest_tensor place_table(const char* name, const Elements& table, std::int64_t pairs,
                          Launch& launch) {
  const attest_tensor tensor =
      launch.tensor(name, Role::kInput, ATTEST_F32,
                    std::vector{static_cast<std::int64_t>(table.size()) / pairs, pairs});
  write_tensor(tensor, table);
  return tensor;
}

}  // namespace

std::int64_t first_new_token(const problem::Problem& problem, std::int64_t b) {
  std::int64_t token = 0;
  for (std::int64_t i = 0; i <= b; ++i) token += problem.sequences[i].kv_len;
  return token - problem.sequences[b].q_len;
}

AppendAttendRun append_attend(const Scene& scene, const problem::Rotary& rotary, Harness& harness) {
  AppendAttendRun run;
  const auto& problem = scene.problem;
  Launch launch(harness.session().arena());
  attest_attend* placed = place(scene, harness.info(), launch, true);
  launch.let_update("k");
  launch.let_update("v");
  auto* call = new (launch.raw(sizeof(attest_append_attend), alignof(attest_append_attend)))
      attest_append_attend{};
  call->struct_size = sizeof(attest_append_attend);
  call->call = *placed;
  std::vector<std::int32_t> before;
  for (const auto& sequence : problem.sequences)
    before.push_back(static_cast<std::int32_t>(sequence.kv_len - sequence.q_len));
  call->call.kv_len = launch.ints("kv_len", before);
  call->k_new = place_new(scene, true, launch);
  call->v_new = place_new(scene, false, launch);
  run.k_before = forget_new(scene, placed->k, problem.head_dim_qk, scene.junk_seed + 20);
  run.v_before = forget_new(scene, placed->v, problem.head_dim_v, scene.junk_seed + 21);
  call->rotary_interleaved = rotary.interleaved ? 1 : 0;
  if (rotary.dim > 0) {
    call->rotary_cos = place_table("rotary_cos", rotary.cos, rotary.dim / 2, launch);
    call->rotary_sin = place_table("rotary_sin", rotary.sin, rotary.dim / 2, launch);
  }
  kernels::RunResult result = place_workspace(harness, scene, launch, call->call);
  if (result.ok()) {
    launch.seal();
    result = harness.session().append_attend(call);
    ++harness.statistics().kernel_calls;
  }
  run.failure = failure_of(result, launch);
  if (run.failure) return run;
  run.out = read_outputs(*placed);
  run.k_after = read_tensor(placed->k);
  run.v_after = read_tensor(placed->v);
  return run;
}

}  // namespace attest::properties
