#include "properties/placement.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "oracle/visible.h"
#include "problem/errors.h"

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
using problem::Range;

constexpr double kMarkerV = 1e4;           // what a leaked dominating slot brings into the output
constexpr double kDominatingScore = 64.0;  // nats above everything an ordinary case has

int abi(DType type) { return static_cast<int>(type); }

/// One slot of the physical cache: where token contents can lie.
class Slots {
 public:
  Slots(const Problem& problem, const KvStorage& storage) : problem_(problem), storage_(storage) {
    std::int64_t next = 0;
    for (const auto& sequence : problem.sequences) {
      first_.push_back(static_cast<std::int32_t>(next));
      next += storage.layout == KvLayout::kPadded ? std::max<std::int64_t>(problem.max_kv_len(), 1)
                                                  : sequence.kv_len + storage.gap_tokens;
    }
    first_.push_back(static_cast<std::int32_t>(next));
    count_ = paged() ? storage.num_pages * storage.page_size : next;
  }
  bool paged() const { return problem::is_paged(storage_.layout); }
  std::int64_t count() const { return count_; }
  /// Contiguous: first slot of each sequence and the end.
  const std::vector<std::int32_t>& first() const { return first_; }
  std::int64_t of(std::int64_t b, std::int64_t token) const {
    if (!paged()) return first_[b] + token;
    return storage_.block_table[b][token / storage_.page_size] * storage_.page_size + token % storage_.page_size;
  }

 private:
  const Problem& problem_;
  const KvStorage& storage_;
  std::vector<std::int32_t> first_;
  std::int64_t count_ = 0;
};

/// What a slot is, for poisoning. A slot heard by any judged row is never poisoned.
enum class SlotUse : std::uint8_t { kFree, kTail, kHeard, kFuture, kOutsideWindow };

struct SlotInfo {
  SlotUse use = SlotUse::kFree;
  std::int32_t sequence = -1;  ///< whose queries a dominating key is aimed at
};

Range judged(const Scene& scene, std::int64_t b) {
  return scene.judged_rows.empty() ? Range{0, scene.problem.sequences[b].q_len} : scene.judged_rows[b];
}

std::vector<SlotInfo> classify_slots(const Scene& scene, const Slots& slots) {
  const Problem& problem = scene.problem;
  std::vector<SlotInfo> info(static_cast<std::size_t>(slots.count()));
  auto raise = [&info](std::int64_t slot, SlotUse use, std::int64_t b) {
    SlotInfo& entry = info[static_cast<std::size_t>(slot)];
    // Heard wins over everything; any use by a token wins over tail and free.
    if (entry.use == SlotUse::kHeard) return;
    if (use == SlotUse::kHeard || entry.use == SlotUse::kFree || entry.use == SlotUse::kTail) {
      entry = {use, static_cast<std::int32_t>(b)};
    }
  };
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const std::int64_t kv_len = problem.sequences[b].kv_len;
    // Tail: the rest of the last page, or of the sequence's room in a contiguous cache.
    if (slots.paged()) {
      const std::int64_t page = scene.storage.page_size;
      for (std::int64_t token = kv_len; token % page != 0; ++token) raise(slots.of(b, token), SlotUse::kTail, b);
    } else {
      for (std::int64_t slot = slots.first()[b] + kv_len; slot < slots.first()[b + 1]; ++slot) {
        raise(slot, SlotUse::kTail, b);
      }
    }
    std::vector<std::uint8_t> heard(static_cast<std::size_t>(kv_len), 0);
    const Range rows = judged(scene, b);
    std::int64_t last_position = std::numeric_limits<std::int64_t>::min();
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      last_position = std::max(last_position, oracle::query_position(problem, b, row));
      const auto [first, last] = oracle::visible_range(problem, b, row);
      for (std::int64_t key = first; key < last; ++key) {
        if (!heard[key] && oracle::visible(problem, b, row, key)) heard[key] = 1;
      }
    }
    for (std::int64_t key = 0; key < kv_len; ++key) {
      const bool future = oracle::key_position(problem, b, key) > last_position;
      raise(slots.of(b, key), heard[key] ? SlotUse::kHeard : future ? SlotUse::kFuture : SlotUse::kOutsideWindow, b);
    }
  }
  return info;
}

std::optional<PoisonPlace> place_of(SlotUse use) {
  switch (use) {
    case SlotUse::kFree: return PoisonPlace::kFreePages;
    case SlotUse::kTail: return PoisonPlace::kPageTail;
    case SlotUse::kFuture: return PoisonPlace::kFuture;
    case SlotUse::kOutsideWindow: return PoisonPlace::kOutsideWindow;
    case SlotUse::kHeard: return std::nullopt;
  }
  return std::nullopt;
}

std::uint64_t poison_bits(PoisonKind kind, DType type, double dominating) {
  switch (kind) {
    case PoisonKind::kNaN: return problem::encode(type, std::numeric_limits<double>::quiet_NaN());
    case PoisonKind::kPlusInf: return problem::encode(type, std::numeric_limits<double>::infinity());
    case PoisonKind::kMinusInf: return problem::encode(type, -std::numeric_limits<double>::infinity());
    case PoisonKind::kLargest: return problem::encode(type, problem::largest_finite(type));
    case PoisonKind::kDominating: return problem::encode(type, dominating);
  }
  return 0;
}

/// Mixes a counter into junk bits; contents of junk need no more than to differ between seeds.
std::uint64_t mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ull * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// Ordinary finite numbers in [-2, 2), as an allocator's left-overs of the same tensor would be.
double junk_value(std::uint64_t seed, std::uint64_t index) {
  return static_cast<double>(static_cast<std::int64_t>(mix(seed, index) >> 56) - 128) / 64.0;
}

/// Lane values of a key parallel to the last judged query of its sequence, strong enough to take all probability.
std::vector<double> dominating_key(const Scene& scene, std::int64_t b, std::int64_t kv_head) {
  const Problem& problem = scene.problem;
  std::vector<double> key(static_cast<std::size_t>(problem.head_dim_qk), 1.0);
  if (b < 0 || problem.sequences[b].q_len == 0) return key;
  const Range rows = judged(scene, b);
  if (rows.end <= rows.begin) return key;
  const std::int64_t row = problem.first_row(b) + rows.end - 1;
  const std::int64_t head = kv_head * problem.group();
  const std::int64_t base = (row * problem.num_q_heads + head) * problem.head_dim_qk;
  double norm = 0;
  for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
    const double x = scene.inputs.q.value(static_cast<std::size_t>(base + lane));
    norm += x * x;
  }
  const double strength = problem.scale * norm;
  if (!(std::fabs(strength) > 0) || !std::isfinite(strength)) return key;
  for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
    key[lane] = scene.inputs.q.value(static_cast<std::size_t>(base + lane)) * (kDominatingScore / strength);
  }
  return key;
}

/// Fills one cache tensor [slots, num_kv_heads, dim] (packed): token contents, junk, poison.
void fill_cache(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                const std::vector<SlotInfo>* uses, bool is_k, std::byte* cache) {
  const Problem& problem = scene.problem;
  const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
  const DType type = from.type();
  const std::size_t unit = problem::size_of(type);
  const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const std::int64_t row = problem.num_kv_heads * dim;
  const std::size_t row_bytes = static_cast<std::size_t>(row) * unit;
  const bool zeros = info.conventions.unused_slots == ATTEST_SLOTS_ZERO;

  std::vector<std::uint8_t> used(static_cast<std::size_t>(slots.count()), 0);
  std::int64_t token_index = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t token = 0; token < problem.sequences[b].kv_len; ++token, ++token_index) {
      const std::int64_t slot = slots.of(b, token);
      used[slot] = 1;
      std::memcpy(cache + slot * row_bytes, from.data() + token_index * row_bytes, row_bytes);
    }
  }
  const std::uint64_t seed = scene.junk_seed + (is_k ? 1 : 2);
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    if (used[slot]) continue;
    std::byte* to = cache + slot * row_bytes;
    if (zeros) {
      std::memset(to, 0, row_bytes);
      continue;
    }
    for (std::int64_t i = 0; i < row; ++i) {
      problem::store_bits(type, to + i * unit, problem::encode(type, junk_value(seed, slot * row + i)));
    }
  }
  if (uses == nullptr) return;
  for (std::int64_t slot = 0; slot < slots.count(); ++slot) {
    const auto place = place_of((*uses)[slot].use);
    if (!place) continue;
    for (const Poison& poison : scene.poisons) {
      if (poison.place != *place || !(is_k ? poison.in_k : poison.in_v)) continue;
      std::byte* to = cache + slot * row_bytes;
      for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
        std::vector<double> key;
        if (is_k && poison.kind == PoisonKind::kDominating) key = dominating_key(scene, (*uses)[slot].sequence, head);
        for (std::int64_t lane = 0; lane < dim; ++lane) {
          const double dominating = is_k ? (key.empty() ? 0.0 : key[lane])
                                         : std::min(kMarkerV, problem::largest_finite(type) / 4);
          problem::store_bits(type, to + (head * dim + lane) * unit, poison_bits(poison.kind, type, dominating));
        }
      }
    }
  }
}

std::int32_t tail_entry(PoisonKind kind, std::int64_t num_pages, std::uint64_t junk) {
  switch (kind) {
    case PoisonKind::kNaN: return -1;
    case PoisonKind::kPlusInf: return std::numeric_limits<std::int32_t>::max();
    case PoisonKind::kMinusInf: return std::numeric_limits<std::int32_t>::min();
    case PoisonKind::kLargest: return static_cast<std::int32_t>(num_pages);
    case PoisonKind::kDominating: return static_cast<std::int32_t>(junk % static_cast<std::uint64_t>(num_pages));
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
        if (poison.place == PoisonPlace::kTableTail) entry = tail_entry(poison.kind, storage.num_pages, junk);
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
    last.push_back(static_cast<std::int32_t>(kv_len == 0 ? 0 : (kv_len - 1) % storage.page_size + 1));
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

attest_tensor scale_tensor(Launch& launch, const char* name, const problem::Scales& scales, std::int64_t batch,
                           std::int64_t heads) {
  const auto count = static_cast<std::int64_t>(scales.size());
  if (count == batch * heads && batch > 1) return f32_tensor(launch, name, scales, std::vector{batch, heads});
  return f32_tensor(launch, name, scales, std::vector{count});
}

void place_mask(const Problem& problem, const kernels::KernelInfo& info, Launch& launch, attest_attend& call) {
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
  call.alibi_slopes = f32_tensor(launch, "alibi_slopes", problem.alibi_slopes, std::vector{problem.num_q_heads});
  call.sinks = f32_tensor(launch, "sinks", problem.sinks, std::vector{problem.num_q_heads});
  call.q_scale = scale_tensor(launch, "q_scale", problem.q_scale, problem.batch(), problem.num_q_heads);
  call.k_scale = scale_tensor(launch, "k_scale", problem.k_scale, problem.batch(), problem.num_kv_heads);
  call.v_scale = scale_tensor(launch, "v_scale", problem.v_scale, problem.batch(), problem.num_kv_heads);
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
    const std::uint64_t bits = zeroed ? 0 : dirty ? problem::encode(type, junk_value(seed, i)) : marker;
    problem::store_bits(type, data + i * unit, bits);
  }
}

void place_outputs(const Scene& scene, const kernels::KernelInfo& info, Launch& launch, attest_attend& call) {
  const Problem& problem = scene.problem;
  const bool zeroed = info.conventions.output_before == ATTEST_OUTPUT_ZEROED;
  bool dirty = false;
  for (const Poison& poison : scene.poisons) dirty |= poison.place == PoisonPlace::kOutput;
  call.o = launch.tensor("o", Role::kOutput, abi(problem.o_dtype),
                         std::vector{problem.total_q(), problem.num_q_heads, problem.head_dim_v});
  fill_output(call.o, zeroed, dirty, scene.junk_seed + 4);
  if (!info.has(ATTEST_FEATURE_LSE)) return;
  call.lse = launch.tensor("lse", Role::kOutput, abi(lse_dtype(info)),
                           std::vector{problem.total_q(), problem.num_q_heads});
  if (info.conventions.lse_layout == ATTEST_LSE_HEAD_ROW) {
    call.lse.stride[0] = 1;
    call.lse.stride[1] = problem.total_q();
  }
  fill_output(call.lse, zeroed, dirty, scene.junk_seed + 5);
}

}  // namespace

std::optional<std::string> unplaceable(const KvStorage& storage) {
  switch (storage.layout) {
    case KvLayout::kContiguous:
    case KvLayout::kPadded:
    case KvLayout::kPagedNHD: return std::nullopt;
    default: return "layout " + std::string(problem::name_of(storage.layout)) + " is not laid out by this version";
  }
}

DType lse_dtype(const kernels::KernelInfo& info) {
  return info.declared_numerics().accumulate == DType::kF64 ? DType::kF64 : DType::kF32;
}

attest_attend* place(const Scene& scene, const kernels::KernelInfo& info, Launch& launch, bool with_outputs) {
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
  call->num_splits = scene.num_splits;

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
  if (scene.inputs.q.bytes() > 0) std::memcpy(call->q.data, scene.inputs.q.data(), scene.inputs.q.bytes());

  const Slots slots(problem, scene.storage);
  std::vector<std::int64_t> shape{slots.count(), problem.num_kv_heads, problem.head_dim_qk};
  if (slots.paged()) {
    shape = {scene.storage.num_pages, scene.storage.page_size, problem.num_kv_heads, problem.head_dim_qk};
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

attest_state place_output_state(const kernels::KernelInfo& info, std::int64_t rows, std::int64_t num_q_heads,
                                std::int64_t head_dim_v, DType o_dtype, Launch& launch) {
  attest_state state{};
  state.o = launch.tensor("state.o", Role::kOutput, abi(o_dtype), std::vector{rows, num_q_heads, head_dim_v});
  state.lse = launch.tensor("state.lse", Role::kOutput, abi(lse_dtype(info)), std::vector{rows, num_q_heads});
  fill_output(state.o, false, false, 0);
  fill_output(state.lse, false, false, 0);
  if (info.conventions.state_format != ATTEST_STATE_O_LSE) {
    state.l = launch.tensor("state.l", Role::kOutput, abi(lse_dtype(info)), std::vector{rows, num_q_heads});
    fill_output(state.l, false, false, 0);
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
    visit(static_cast<std::size_t>(i), static_cast<std::byte*>(tensor.data) + offset * static_cast<std::int64_t>(unit));
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
  if (type != elements.type() || element_count(tensor) != static_cast<std::int64_t>(elements.size())) {
    throw ContractError("write_tensor: type or size differs");
  }
  for_each_element(tensor, problem::size_of(type), [&](std::size_t i, std::byte* element) {
    problem::store_bits(type, element, elements.bits(i));
  });
}

void fill_junk(std::byte* data, std::size_t bytes, std::uint64_t seed) {
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(mix(seed, i / 8) >> (8 * (i % 8)));
}

}  // namespace attest::properties
