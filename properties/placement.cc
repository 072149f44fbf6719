#include "properties/placement.h"

#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "properties/cache.h"
#include "properties/fill.h"
#include "properties/junk.h"
#include "properties/placement_parts.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::DType;
using problem::Poison;
using problem::PoisonPlace;
using problem::Problem;

int abi(DType type) { return static_cast<int>(type); }

/// Rows [rows, heads, lanes] with the gaps of the case; junk in the gaps.
attest_tensor add_rows(const char* name, Role role, DType type, std::int64_t rows,
                       std::int64_t heads, std::int64_t lanes, const problem::Gaps& gaps,
                       std::uint64_t seed, Launch& launch) {
  if (gaps.packed()) return launch.tensor(name, role, abi(type), std::vector{rows, heads, lanes});
  const problem::Steps steps = problem::row_steps(heads, lanes, gaps);
  const std::int64_t elements = rows * steps.token;
  const attest_tensor view = rows_view(type, rows, heads, lanes, steps);
  const attest_tensor tensor = launch.strided(name, role, view, elements);
  fill_gaps(type, static_cast<std::byte*>(tensor.data), 0, elements, seed);
  return tensor;
}

attest_tensor place_q(const Scene& scene, const kernels::KernelInfo& info, Launch& launch) {
  const Problem& problem = scene.problem;
  const problem::Gaps& gaps = scene.storage.strides.q;
  const attest_tensor q = add_rows("q", Role::kInput, problem.q_dtype, problem.total_q(),
                                   problem.num_q_heads, problem.head_dim_qk, gaps, 0, launch);
  auto* data = static_cast<std::byte*>(q.data);
  if (!gaps.packed()) {
    const std::int64_t elements = problem.total_q() * q.stride[0];
    fill_input_gaps(scene, info, problem.q_dtype, data, 0, elements, 10);
    write_tensor(q, scene.inputs.q);
  } else if (scene.inputs.q.bytes() > 0) {
    std::memcpy(data, scene.inputs.q.data(), scene.inputs.q.bytes());
  }
  return q;
}

void fill_output(const attest_tensor& tensor, bool zeroed, bool dirty, std::uint64_t seed) {
  const auto type = static_cast<DType>(tensor.dtype);
  const std::uint64_t marker = problem::unwritten_bits(type);
  if (is_packed(tensor)) {
    auto* data = static_cast<std::byte*>(tensor.data);
    const std::int64_t count = count_elements(tensor);
    if (dirty && !zeroed) return fill_junk_values(type, data, seed, 0, count);
    return fill_bits(type, data, count, zeroed ? 0 : marker);
  }
  for_each_element(tensor, [&](std::size_t i, std::byte* element) {
    const std::uint64_t bits = zeroed  ? 0
                               : dirty ? problem::encode(type, junk_value(seed, i))
                                       : marker;
    problem::store_bits(type, element, bits);
  });
}

void place_outputs(const Scene& scene, const kernels::KernelInfo& info, Launch& launch,
                   attest_attend& call) {
  const Problem& problem = scene.problem;
  const bool zeroed = info.conventions.output_before == ATTEST_OUTPUT_ZEROED;
  bool dirty = false;
  for (const Poison& poison : scene.poisons) dirty |= poison.place == PoisonPlace::kOutput;
  const problem::Strides& strides = scene.storage.strides;
  call.o = add_rows("o", Role::kOutput, problem.o_dtype, problem.total_q(), problem.num_q_heads,
                    problem.head_dim_v, strides.o, scene.junk_seed + 11, launch);
  fill_output(call.o, zeroed, dirty, scene.junk_seed + 4);
  if (!info.has(ATTEST_FEATURE_LSE)) return;
  call.lse = place_lse(info, "lse", Role::kOutput, problem.total_q(), problem.num_q_heads, launch,
                       strides.lse);
  fill_output(call.lse, zeroed, dirty, scene.junk_seed + 5);
}

}  // namespace

double lse_unit(const kernels::KernelInfo& info) {
  return info.conventions.lse_base == ATTEST_LSE_BASE_2 ? 0.693147180559945309417232 : 1.0;
}

DType lse_dtype(const kernels::KernelInfo& info) {
  return info.declared_numerics().accumulate == DType::kF64 ? DType::kF64 : DType::kF32;
}

namespace {

bool heads_are_one(const problem::Elements& tensor, std::int64_t heads, std::int64_t lanes) {
  const std::size_t row = static_cast<std::size_t>(lanes) * problem::size_of(tensor.type());
  const std::size_t block = row * static_cast<std::size_t>(heads);
  for (std::size_t at = 0; at < tensor.bytes(); at += block) {
    for (std::size_t head = row; head < block; head += row) {
      if (std::memcmp(tensor.data() + at, tensor.data() + at + head, row) != 0) return false;
    }
  }
  return true;
}

/// The scene with heads that are one lying apart wherever a property has given them contents of
/// their own; nothing when that is nowhere.
std::optional<Scene> with_heads_apart(const Scene& scene) {
  const Problem& problem = scene.problem;
  problem::Strides strides = scene.storage.strides;
  const bool v_in_k = problem::cache_steps(problem, scene.storage).v_in_k;
  if (strides.q.one_head) {
    strides.q.one_head = heads_are_one(scene.inputs.q, problem.num_q_heads, problem.head_dim_qk);
  }
  if (strides.k.one_head) {
    strides.k.one_head =
        heads_are_one(scene.inputs.k, problem.num_kv_heads, problem.head_dim_qk) &&
        (!v_in_k || heads_are_one(scene.inputs.v, problem.num_kv_heads, problem.head_dim_v));
  }
  if (strides.v.one_head) {
    strides.v.one_head = heads_are_one(scene.inputs.v, problem.num_kv_heads, problem.head_dim_v);
  }
  if (strides == scene.storage.strides) return std::nullopt;
  Scene apart = scene;
  apart.storage.strides = strides;
  return apart;
}

}  // namespace

attest_attend* place(const Scene& scene, const kernels::KernelInfo& info, Launch& launch,
                     bool with_outputs) {
  const problem::Strides& strides = scene.storage.strides;
  if (strides.q.one_head || strides.k.one_head || strides.v.one_head) {
    if (const auto apart = with_heads_apart(scene))
      return place(*apart, info, launch, with_outputs);
  }
  const Problem& problem = scene.problem;
  launch.align_tensors(static_cast<std::size_t>(info.capabilities.base_alignment));
  auto* call = new (launch.raw(sizeof(attest_attend), alignof(attest_attend))) attest_attend{};
  call->struct_size = sizeof(attest_attend);
  call->layout = static_cast<std::int32_t>(scene.storage.layout);
  call->batch = static_cast<std::int32_t>(problem.batch());
  call->num_q_heads = static_cast<std::int32_t>(problem.num_q_heads);
  call->num_kv_heads = static_cast<std::int32_t>(problem.num_kv_heads);
  call->head_dim_qk = static_cast<std::int32_t>(problem.head_dim_qk);
  call->head_dim_v = static_cast<std::int32_t>(problem.head_dim_v);
  call->max_q_len = static_cast<std::int32_t>(problem.max_q_len());
  call->max_kv_len = static_cast<std::int32_t>(problem.max_kv_len());
  call->total_q = problem.total_q();
  // A tuning knob: a kernel without it runs the case all the same.
  call->num_splits = info.has(ATTEST_FEATURE_NUM_SPLITS) ? scene.num_splits : 0;

  std::vector<std::int32_t> cu_q{0}, kv_len, start;
  for (const auto& sequence : problem.sequences) {
    cu_q.push_back(cu_q.back() + static_cast<std::int32_t>(sequence.q_len));
    kv_len.push_back(static_cast<std::int32_t>(sequence.kv_len));
    start.push_back(static_cast<std::int32_t>(sequence.first_position()));
  }
  call->cu_seqlens_q = launch.ints("cu_seqlens_q", cu_q);
  call->kv_len = launch.ints("kv_len", kv_len);
  call->start_pos = launch.ints("start_pos", start);

  call->q = place_q(scene, info, launch);
  place_cache(scene, info, launch, *call);
  place_mask(problem, info, launch, *call);
  place_modifiers(scene, launch, *call);
  if (with_outputs) place_outputs(scene, info, launch, *call);
  return call;
}

attest_tensor place_lse(const kernels::KernelInfo& info, const std::string& name, Role role,
                        std::int64_t rows, std::int64_t num_q_heads, Launch& launch,
                        const problem::Gaps& gaps) {
  const DType type = lse_dtype(info);
  attest_tensor view{};
  view.dtype = abi(type);
  view.device = ATTEST_CPU;
  view.rank = 2;
  view.shape[0] = rows;
  view.shape[1] = num_q_heads;
  std::int64_t elements = 0;
  if (info.conventions.lse_layout == ATTEST_LSE_HEAD_ROW) {
    view.stride[0] = 1 + gaps.token;
    view.stride[1] = rows * view.stride[0] + gaps.head;
    elements = num_q_heads * view.stride[1];
  } else {
    view.stride[1] = 1 + gaps.head;
    view.stride[0] = num_q_heads * view.stride[1] + gaps.token;
    elements = rows * view.stride[0];
  }
  const attest_tensor tensor = launch.strided(name, role, view, elements);
  if (!gaps.packed()) fill_gaps(type, static_cast<std::byte*>(tensor.data), 0, elements, 12);
  return tensor;
}

attest_tensor place_rows(const std::string& name, Role role, DType type, std::int64_t rows,
                         std::int64_t heads, std::int64_t lanes, const problem::Gaps& gaps,
                         Launch& launch) {
  return add_rows(name.c_str(), role, type, rows, heads, lanes, gaps, 13, launch);
}

attest_state place_output_state(const kernels::KernelInfo& info, std::int64_t rows,
                                std::int64_t num_q_heads, std::int64_t head_dim_v, DType o_dtype,
                                Launch& launch, const problem::Strides& strides) {
  const bool zeroed = info.conventions.output_before == ATTEST_OUTPUT_ZEROED;
  // Beside a maximum and a sum, what they belong to is kept in their type.
  if (info.conventions.state_format != ATTEST_STATE_O_LSE) o_dtype = lse_dtype(info);
  attest_state state{};
  state.o = add_rows("state.o", Role::kOutput, o_dtype, rows, num_q_heads, head_dim_v, strides.o,
                     11, launch);
  state.lse = place_lse(info, "state.lse", Role::kOutput, rows, num_q_heads, launch, strides.lse);
  fill_output(state.o, zeroed, false, 0);
  fill_output(state.lse, zeroed, false, 0);
  if (info.conventions.state_format != ATTEST_STATE_O_LSE) {
    state.l = place_lse(info, "state.l", Role::kOutput, rows, num_q_heads, launch, strides.lse);
    fill_output(state.l, zeroed, false, 0);
  }
  return state;
}

}  // namespace attest::properties
