#include "properties/placement.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "problem/errors.h"
#include "properties/cache.h"
#include "properties/junk.h"
#include "properties/slots.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::DType;
using problem::Elements;
using problem::KvLayout;
using problem::KvStorage;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Problem;

int abi(DType type) { return static_cast<int>(type); }

std::int32_t tail_entry(PoisonKind kind, std::int64_t num_pages, std::uint64_t junk) {
  switch (kind) {
    case PoisonKind::kNaN:
      return -1;
    case PoisonKind::kPlusInf:
      return std::numeric_limits<std::int32_t>::max();
    case PoisonKind::kMinusInf:
      return std::numeric_limits<std::int32_t>::min();
    case PoisonKind::kLargest:
      return static_cast<std::int32_t>(num_pages);
    case PoisonKind::kDominating:
      return static_cast<std::int32_t>(junk % static_cast<std::uint64_t>(num_pages));
  }
  return -1;
}

void place_table(const Scene& scene, Launch& launch, attest_attend& call) {
  const KvStorage& storage = scene.storage;
  std::size_t columns = 0;
  for (const auto& row : storage.block_table) columns = std::max(columns, row.size());
  columns += static_cast<std::size_t>(storage.extra_table_columns);
  std::vector<std::int32_t> table;
  table.reserve(columns * storage.block_table.size());
  for (const auto& row : storage.block_table) {
    table.insert(table.end(), row.begin(), row.end());
    for (std::size_t column = row.size(); column < columns; ++column) {
      const std::uint64_t junk = mix(scene.junk_seed + 3, table.size());
      std::int32_t entry = tail_entry(PoisonKind::kDominating, storage.num_pages, junk);
      for (const Poison& poison : scene.poisons) {
        if (poison.place == PoisonPlace::kTableTail)
          entry = tail_entry(poison.kind, storage.num_pages, junk);
      }
      table.push_back(entry);
    }
  }
  call.block_table = launch.ints("block_table", table);
  call.max_blocks = static_cast<std::int32_t>(columns);
  call.page_size = static_cast<std::int32_t>(storage.page_size);
  call.num_pages = storage.num_pages;
  if (storage.block_table.empty()) return;
  std::vector<std::int32_t> indptr{0}, indices, last;
  for (std::size_t b = 0; b < storage.block_table.size(); ++b) {
    const auto& row = storage.block_table[b];
    indices.insert(indices.end(), row.begin(), row.end());
    indptr.push_back(static_cast<std::int32_t>(indices.size()));
    const std::int64_t kv_len = scene.problem.sequences[b].kv_len;
    last.push_back(
        static_cast<std::int32_t>(kv_len == 0 ? 0 : (kv_len - 1) % storage.page_size + 1));
  }
  call.block_indptr = launch.ints("block_indptr", indptr);
  call.block_indices = launch.ints("block_indices", indices);
  call.last_page_len = launch.ints("last_page_len", last);
}

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

attest_tensor scale_tensor(Launch& launch, const char* name, const problem::Scales& scales,
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
      scale_tensor(launch, "q_scale", problem.q_scale, problem.batch(), problem.num_q_heads);
  call.k_scale =
      scale_tensor(launch, "k_scale", problem.k_scale, problem.batch(), problem.num_kv_heads);
  call.v_scale =
      scale_tensor(launch, "v_scale", problem.v_scale, problem.batch(), problem.num_kv_heads);
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

void fill_output(const attest_tensor& tensor, bool zeroed, bool dirty, std::uint64_t seed) {
  const auto type = static_cast<DType>(tensor.dtype);
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  const std::size_t unit = problem::size_of(type);
  auto* data = static_cast<std::byte*>(tensor.data);
  const std::uint64_t marker = problem::unwritten_bits(type);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = zeroed  ? 0
                               : dirty ? problem::encode(type, junk_value(seed, i))
                                       : marker;
    problem::store_bits(type, data + i * unit, bits);
  }
}

void place_outputs(const Scene& scene, const kernels::KernelInfo& info, Launch& launch,
                   attest_attend& call) {
  const Problem& problem = scene.problem;
  const bool zeroed = info.conventions.output_before == ATTEST_OUTPUT_ZEROED;
  bool dirty = false;
  for (const Poison& poison : scene.poisons) dirty |= poison.place == PoisonPlace::kOutput;
  call.o = launch.tensor("o", Role::kOutput, abi(problem.o_dtype),
                         std::vector{problem.total_q(), problem.num_q_heads, problem.head_dim_v});
  fill_output(call.o, zeroed, dirty, scene.junk_seed + 4);
  if (!info.has(ATTEST_FEATURE_LSE)) return;
  call.lse = place_lse(info, "lse", Role::kOutput, problem.total_q(), problem.num_q_heads, launch);
  fill_output(call.lse, zeroed, dirty, scene.junk_seed + 5);
}

}  // namespace

std::optional<std::string> unplaceable(const KvStorage& storage) {
  switch (storage.layout) {
    case KvLayout::kContiguous:
    case KvLayout::kPadded:
    case KvLayout::kPagedNHD:
      return std::nullopt;
    default:
      return "layout " + std::string(problem::name_of(storage.layout)) +
             " is not laid out by this version";
  }
}

double lse_unit(const kernels::KernelInfo& info) {
  return info.conventions.lse_base == ATTEST_LSE_BASE_2 ? 0.693147180559945309417232 : 1.0;
}

DType lse_dtype(const kernels::KernelInfo& info) {
  return info.declared_numerics().accumulate == DType::kF64 ? DType::kF64 : DType::kF32;
}

attest_attend* place(const Scene& scene, const kernels::KernelInfo& info, Launch& launch,
                     bool with_outputs) {
  const Problem& problem = scene.problem;
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

  call->q = launch.tensor("q", Role::kInput, abi(problem.q_dtype),
                          std::vector{problem.total_q(), problem.num_q_heads, problem.head_dim_qk});
  if (scene.inputs.q.bytes() > 0)
    std::memcpy(call->q.data, scene.inputs.q.data(), scene.inputs.q.bytes());

  const Slots slots(problem, scene.storage);
  std::vector<std::int64_t> shape{slots.count(), problem.num_kv_heads, problem.head_dim_qk};
  if (slots.paged()) {
    shape = {scene.storage.num_pages, scene.storage.page_size, problem.num_kv_heads,
             problem.head_dim_qk};
  } else if (scene.storage.layout == KvLayout::kPadded) {
    shape = {problem.batch(), std::max<std::int64_t>(problem.max_kv_len(), 1), problem.num_kv_heads,
             problem.head_dim_qk};
  } else {
    call->cu_seqlens_k = launch.ints("cu_seqlens_k", slots.first());
  }
  std::vector<SlotInfo> uses;
  if (!scene.poisons.empty()) uses = classify_slots(scene, slots);
  const std::vector<SlotInfo>* poisoned = scene.poisons.empty() ? nullptr : &uses;
  call->k = launch.tensor("k", Role::kInput, abi(problem.k_dtype), shape);
  fill_cache(scene, info, slots, poisoned, true, static_cast<std::byte*>(call->k.data));
  if (problem.v_is_k_prefix) {
    call->v = call->k;
  } else {
    shape.back() = problem.head_dim_v;
    call->v = launch.tensor("v", Role::kInput, abi(problem.v_dtype), shape);
    fill_cache(scene, info, slots, poisoned, false, static_cast<std::byte*>(call->v.data));
  }
  call->v.shape[call->v.rank - 1] = problem.head_dim_v;

  if (slots.paged()) place_table(scene, launch, *call);
  place_mask(problem, info, launch, *call);
  place_modifiers(scene, launch, *call);
  if (with_outputs) place_outputs(scene, info, launch, *call);
  return call;
}

attest_tensor place_lse(const kernels::KernelInfo& info, const std::string& name, Role role,
                        std::int64_t rows, std::int64_t num_q_heads, Launch& launch) {
  attest_tensor tensor =
      launch.tensor(name, role, abi(lse_dtype(info)), std::vector{rows, num_q_heads});
  if (info.conventions.lse_layout == ATTEST_LSE_HEAD_ROW) {
    tensor.stride[0] = 1;
    tensor.stride[1] = rows;
  }
  return tensor;
}

attest_state place_output_state(const kernels::KernelInfo& info, std::int64_t rows,
                                std::int64_t num_q_heads, std::int64_t head_dim_v, DType o_dtype,
                                Launch& launch) {
  const bool zeroed = info.conventions.output_before == ATTEST_OUTPUT_ZEROED;
  // Beside a maximum and a sum, what they belong to is kept in their type.
  if (info.conventions.state_format != ATTEST_STATE_O_LSE) o_dtype = lse_dtype(info);
  attest_state state{};
  state.o = launch.tensor("state.o", Role::kOutput, abi(o_dtype),
                          std::vector{rows, num_q_heads, head_dim_v});
  state.lse = place_lse(info, "state.lse", Role::kOutput, rows, num_q_heads, launch);
  fill_output(state.o, zeroed, false, 0);
  fill_output(state.lse, zeroed, false, 0);
  if (info.conventions.state_format != ATTEST_STATE_O_LSE) {
    state.l = place_lse(info, "state.l", Role::kOutput, rows, num_q_heads, launch);
    fill_output(state.l, zeroed, false, 0);
  }
  return state;
}

namespace {

/// Calls visit(linear index, element address) for every element in row-major order.
template <typename Visit>
void for_each_element(const attest_tensor& tensor, std::size_t unit, Visit visit) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  std::int64_t index[ATTEST_MAX_RANK] = {};
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (int d = 0; d < tensor.rank; ++d) offset += index[d] * tensor.stride[d];
    visit(static_cast<std::size_t>(i),
          static_cast<std::byte*>(tensor.data) + offset * static_cast<std::int64_t>(unit));
    for (int d = tensor.rank - 1; d >= 0 && ++index[d] == tensor.shape[d]; --d) index[d] = 0;
  }
}

std::int64_t element_count(const attest_tensor& tensor) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  return count;
}

}  // namespace

Elements read_tensor(const attest_tensor& tensor) {
  const auto type = static_cast<DType>(tensor.dtype);
  Elements out(type, static_cast<std::size_t>(element_count(tensor)));
  for_each_element(tensor, problem::size_of(type), [&](std::size_t i, const std::byte* element) {
    out.set_bits(i, problem::load_bits(type, element));
  });
  return out;
}

void write_tensor(const attest_tensor& tensor, const Elements& elements) {
  const auto type = static_cast<DType>(tensor.dtype);
  if (type != elements.type() ||
      element_count(tensor) != static_cast<std::int64_t>(elements.size())) {
    throw ContractError("write_tensor: type or size differs");
  }
  for_each_element(tensor, problem::size_of(type), [&](std::size_t i, std::byte* element) {
    problem::store_bits(type, element, elements.bits(i));
  });
}

}  // namespace attest::properties
