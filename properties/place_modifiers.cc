#include <cstring>
#include <span>
#include <vector>

#include "problem/dtype.h"
#include "properties/placement_parts.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::DType;
using problem::Problem;

attest_tensor f32_tensor(Launch& launch, const char* name, const std::vector<double>& values,
                         std::span<const std::int64_t> shape) {
  attest_tensor tensor{};
  if (values.empty()) return tensor;
  tensor = launch.tensor(name, Role::kInput, ATTEST_F32, shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    problem::store_bits(DType::kF32, static_cast<std::byte*>(tensor.data) + 4 * i,
                        problem::encode(DType::kF32, values[i]));
  }
  return tensor;
}

}  // namespace

attest_tensor place_scales(Launch& launch, const char* name, const problem::Scales& scales,
                           std::int64_t batch, std::int64_t heads) {
  const auto count = static_cast<std::int64_t>(scales.size());
  if (count == batch * heads && batch > 1)
    return f32_tensor(launch, name, scales, std::vector{batch, heads});
  return f32_tensor(launch, name, scales, std::vector{count});
}

void place_mask(const Problem& problem, const kernels::KernelInfo& info, Launch& launch,
                attest_attend& call) {
  const auto& mask = problem.mask;
  call.causal = mask.causal ? 1 : 0;
  const bool counts_self = info.conventions.window_counts_self == ATTEST_WINDOW_COUNTS_SELF;
  call.window_left = mask.window_left ? *mask.window_left + (counts_self ? 1 : 0) : -1;
  call.window_right = mask.window_right.value_or(-1);
  call.attention_chunk = mask.attention_chunk.value_or(0);
  if (!mask.tree.empty()) {
    std::vector<std::int32_t> indptr{0}, parent;
    for (const auto& tree : mask.tree) {
      parent.insert(parent.end(), tree.parent.begin(), tree.parent.end());
      indptr.push_back(static_cast<std::int32_t>(parent.size()));
    }
    call.tree_indptr = launch.ints("tree_indptr", indptr);
    call.tree_parent = launch.ints("tree_parent", parent);
  }
  if (!mask.custom.empty()) {
    std::vector<std::int32_t> indptr{0};
    std::vector<std::uint8_t> bits;
    for (const auto& sequence : mask.custom) {
      bits.insert(bits.end(), sequence.begin(), sequence.end());
      indptr.push_back(static_cast<std::int32_t>(bits.size()));
    }
    const std::int64_t count = static_cast<std::int64_t>(bits.size());
    call.custom_mask = launch.tensor("custom_mask", Role::kInput, ATTEST_U8, std::vector{count});
    if (count > 0) std::memcpy(call.custom_mask.data, bits.data(), bits.size());
    call.custom_mask_indptr = launch.ints("custom_mask_indptr", indptr);
  }
}

void place_modifiers(const Scene& scene, Launch& launch, attest_attend& call) {
  const Problem& problem = scene.problem;
  call.scale = problem.scale;
  call.softcap = problem.softcap;
  call.alibi_slopes =
      f32_tensor(launch, "alibi_slopes", problem.alibi_slopes, std::vector{problem.num_q_heads});
  call.sinks = f32_tensor(launch, "sinks", problem.sinks, std::vector{problem.num_q_heads});
  call.q_scale =
      place_scales(launch, "q_scale", problem.q_scale, problem.batch(), problem.num_q_heads);
  call.k_scale =
      place_scales(launch, "k_scale", problem.k_scale, problem.batch(), problem.num_kv_heads);
  call.v_scale =
      place_scales(launch, "v_scale", problem.v_scale, problem.batch(), problem.num_kv_heads);
  if (problem.o_scale) {
    call.o_scale = f32_tensor(launch, "o_scale", {*problem.o_scale}, std::vector<std::int64_t>{1});
  }
  if (problem.bias != problem::Bias::kNone) {
    const auto count = static_cast<std::int64_t>(scene.inputs.bias.size());
    call.bias = launch.tensor("bias", Role::kInput, ATTEST_F32, std::vector{count});
    if (count > 0) std::memcpy(call.bias.data, scene.inputs.bias.data(), scene.inputs.bias.bytes());
    std::vector<std::int32_t> indptr;
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      indptr.push_back(static_cast<std::int32_t>(problem::bias_offset(problem, b)));
    }
    indptr.push_back(static_cast<std::int32_t>(count));
    call.bias_indptr = launch.ints("bias_indptr", indptr);
  }
}

}  // namespace attest::properties
