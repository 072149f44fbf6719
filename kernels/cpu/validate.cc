#include "kernels/cpu/validate.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace attest::kernels::cpu {
namespace {

using Reason = std::optional<std::string>;

bool contains(const attest_set& set, std::int64_t value) {
  if (set.count > 0)
    return std::find(set.list, set.list + set.count, value) != set.list + set.count;
  const std::int64_t multiple = std::max<std::int64_t>(set.multiple, 1);
  return value >= set.min && (set.max == 0 || value <= set.max) && value % multiple == 0;
}

Reason outside(const attest_set& set, std::int64_t value, std::string_view what) {
  if (contains(set, value)) return std::nullopt;
  return std::string(what) + " = " + std::to_string(value) + " is not supported";
}

Reason wrong_type(const attest_capabilities& capabilities, std::uint32_t dtypes,
                  const attest_tensor& tensor, std::string_view what) {
  if (tensor.data != nullptr &&
      (tensor.dtype < 0 || tensor.dtype >= 32 || (dtypes & ATTEST_DTYPE_BIT(tensor.dtype)) == 0)) {
    return std::string(what) + " has a type that is not supported";
  }
  if (tensor.data != nullptr && tensor.device != capabilities.device) {
    return std::string(what) + " is not in the kernel's memory";
  }
  return std::nullopt;
}

Reason missing(const attest_capabilities& capabilities, std::uint64_t feature, bool used,
               std::string_view what) {
  if (!used || (capabilities.features & feature) != 0) return std::nullopt;
  return std::string(what) + " is not supported";
}

/// The first reason of several checks.
template <typename... Reasons>
Reason first_of(Reasons&&... reasons) {
  Reason first;
  ((first ? void() : void(first = std::move(reasons))), ...);
  return first;
}

bool is_paged(std::int32_t layout) { return layout >= ATTEST_LAYOUT_PAGED_NHD; }

bool is_packed(const attest_tensor& tensor) {
  std::int64_t step = 1;
  for (int axis = tensor.rank - 1; axis >= 0; --axis) {
    if (tensor.shape[axis] > 1 && tensor.stride[axis] != step) return false;
    step *= tensor.shape[axis];
  }
  return true;
}

/// Of k or v. In the interleaved layout a page of keys is followed by one of values.
bool is_packed_cache(attest_tensor tensor, std::int32_t layout) {
  if (layout == ATTEST_LAYOUT_PAGED_INTERLEAVED)
    tensor.shape[0] = std::min<std::int64_t>(1, tensor.shape[0]);
  return is_packed(tensor);
}

Reason find_bad_layout(const attest_capabilities& capabilities, std::int32_t layout,
                       std::int64_t page_size) {
  if (layout < 0 || layout >= 32 || (capabilities.layouts & ATTEST_LAYOUT_BIT(layout)) == 0) {
    return "layout " + std::to_string(layout) + " is not supported";
  }
  if (is_paged(layout)) return outside(capabilities.page_size, page_size, "page_size");
  return std::nullopt;
}

Reason find_bad_head_dims(const attest_capabilities& capabilities, std::int64_t head_dim_qk,
                          std::int64_t head_dim_v) {
  const bool differ = head_dim_qk != head_dim_v;
  return first_of(
      outside(capabilities.head_dim_qk, head_dim_qk, "head_dim_qk"),
      missing(capabilities, ATTEST_FEATURE_HEAD_DIM_V, differ, "head_dim_v != head_dim_qk"),
      differ ? outside(capabilities.head_dim_v, head_dim_v, "head_dim_v") : Reason());
}

/// What lse and running maxima have: the kernels here sum in f64 for q in f64, else in f32.
std::uint32_t sum_types(const attest_capabilities& capabilities) {
  const bool f64 = (capabilities.q_dtypes & ATTEST_DTYPE_BIT(ATTEST_F64)) != 0;
  return ATTEST_DTYPE_BIT(f64 ? ATTEST_F64 : ATTEST_F32);
}

std::uint32_t cache_types(const attest_capabilities& capabilities) {
  return capabilities.kv_dtypes != 0 ? capabilities.kv_dtypes : capabilities.q_dtypes;
}

std::uint32_t output_types(const attest_capabilities& capabilities) {
  return capabilities.o_dtypes != 0 ? capabilities.o_dtypes : capabilities.q_dtypes;
}

Reason find_bad_types(const attest_capabilities& capabilities, const attest_attend& call) {
  const std::uint32_t kv_types = cache_types(capabilities);
  const std::uint32_t o_types = output_types(capabilities);
  return first_of(
      wrong_type(capabilities, capabilities.q_dtypes, call.q, "q"),
      wrong_type(capabilities, kv_types, call.k, "k"),
      wrong_type(capabilities, kv_types, call.v, "v"),
      wrong_type(capabilities, o_types, call.o, "o"),
      wrong_type(capabilities, sum_types(capabilities), call.lse, "lse"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.q_scale, "q_scale"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.k_scale, "k_scale"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.v_scale, "v_scale"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.o_scale, "o_scale"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.alibi_slopes, "alibi_slopes"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.bias, "bias"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_F32), call.sinks, "sinks"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_U8), call.custom_mask, "custom_mask"));
}

Reason find_bad_features(const attest_capabilities& capabilities, const attest_attend& call) {
  const auto present = [](const attest_tensor& tensor) { return tensor.data != nullptr; };
  const bool scaled = present(call.q_scale) || present(call.k_scale) || present(call.v_scale) ||
                      present(call.o_scale);
  const bool prefix = present(call.k) && call.v.data == call.k.data;
  const bool packed = is_packed(call.q) && is_packed_cache(call.k, call.layout) &&
                      (prefix || is_packed_cache(call.v, call.layout)) && is_packed(call.o) &&
                      is_packed(call.lse);
  const auto needs = [&](std::uint64_t feature, bool used, std::string_view what) {
    return missing(capabilities, feature, used, what);
  };
  return first_of(
      needs(ATTEST_FEATURE_CAUSAL, call.causal != 0, "causal"),
      needs(ATTEST_FEATURE_NON_CAUSAL, call.causal == 0, "attention without causal mask"),
      needs(ATTEST_FEATURE_WINDOW_LEFT, call.window_left >= 0, "window_left"),
      needs(ATTEST_FEATURE_WINDOW_RIGHT, call.window_right >= 0, "window_right"),
      needs(ATTEST_FEATURE_ATTENTION_CHUNK, call.attention_chunk > 0, "attention_chunk"),
      needs(ATTEST_FEATURE_TREE, call.tree_indptr.count > 0, "tree mask"),
      needs(ATTEST_FEATURE_CUSTOM_MASK, present(call.custom_mask), "custom_mask"),
      needs(ATTEST_FEATURE_SOFTCAP, call.softcap != 0, "softcap"),
      needs(ATTEST_FEATURE_ALIBI, present(call.alibi_slopes), "alibi_slopes"),
      needs(ATTEST_FEATURE_BIAS, present(call.bias), "bias"),
      needs(ATTEST_FEATURE_SINK, present(call.sinks), "sinks"),
      needs(ATTEST_FEATURE_SCALES, scaled, "scales of quantised tensors"),
      needs(ATTEST_FEATURE_V_IS_K_PREFIX, prefix, "values that are a prefix of the keys"),
      needs(ATTEST_FEATURE_LSE, present(call.lse), "lse"),
      needs(ATTEST_FEATURE_NUM_SPLITS, call.num_splits != 0, "num_splits"),
      needs(ATTEST_FEATURE_STRIDES, !packed, "a stride other than packed"));
}

Reason find_bad_page_in(const std::int32_t* pages, std::int64_t blocks, std::int64_t b,
                        std::int64_t num_pages, std::string_view table) {
  for (std::int64_t block = 0; block < blocks; ++block) {
    if (pages[block] >= 0 && pages[block] < num_pages) continue;
    return std::string(table) + " of sequence " + std::to_string(b) + ", entry " +
           std::to_string(block) + " = " + std::to_string(pages[block]) +
           " is outside the pool of " + std::to_string(num_pages);
  }
  return std::nullopt;
}

/// Page ids of the used prefix of sequence b; what lies behind it may be anything.
Reason find_bad_page(const attest_capabilities& capabilities, const attest_attend& call,
                     std::int64_t b) {
  const std::int64_t blocks = (call.kv_len.host[b] + call.page_size - 1) / call.page_size;
  const bool csr = (capabilities.features & ATTEST_FEATURE_TABLE_CSR) != 0;
  const std::int64_t room =
      csr ? call.block_indptr.host[b + 1] - call.block_indptr.host[b] : call.max_blocks;
  if (blocks > room) {
    return "sequence " + std::to_string(b) + " needs " + std::to_string(blocks) +
           " pages, but the table has room for " + std::to_string(room);
  }
  return csr ? find_bad_page_in(call.block_indices.host + call.block_indptr.host[b], blocks, b,
                                call.num_pages, "block_indices")
             : find_bad_page_in(call.block_table.host + b * call.max_blocks, blocks, b,
                                call.num_pages, "block_table");
}

/// Lengths of 0 are features of their own, and neither ragged nor a question of which is longer.
Reason find_bad_sequences(const attest_capabilities& capabilities, const attest_attend& call) {
  std::int64_t common_q_len = 0;
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const std::int64_t q_len = call.cu_seqlens_q.host[b + 1] - call.cu_seqlens_q.host[b];
    const std::int64_t kv_len = call.kv_len.host[b];
    const bool moved = call.start_pos.host[b] != kv_len - q_len;
    if (q_len < 0 || kv_len < 0) return "a length is negative";
    const bool ragged = q_len != 0 && common_q_len != 0 && q_len != common_q_len;
    if (q_len != 0) common_q_len = q_len;

    const auto needs = [&](std::uint64_t feature, bool used, std::string_view what) {
      return missing(capabilities, feature, used, what);
    };
    if (Reason reason = first_of(
            needs(ATTEST_FEATURE_RAGGED, ragged, "a ragged batch"),
            needs(ATTEST_FEATURE_EMPTY_Q, q_len == 0, "q_len = 0"),
            needs(ATTEST_FEATURE_EMPTY_KV, kv_len == 0, "kv_len = 0"),
            needs(ATTEST_FEATURE_Q_LONGER, kv_len != 0 && q_len > kv_len, "q_len > kv_len"),
            needs(ATTEST_FEATURE_START_POS, moved, "start_pos other than kv_len - q_len"),
            q_len != 0 ? outside(capabilities.q_len, q_len, "q_len") : Reason(),
            kv_len != 0 ? outside(capabilities.kv_len, kv_len, "kv_len") : Reason(),
            is_paged(call.layout) ? find_bad_page(capabilities, call, b) : Reason())) {
      return reason;
    }
  }
  return std::nullopt;
}

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& text) {
  const std::size_t length = std::min(text.size(), N - 1);
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

}  // namespace

Reason find_unsupported(const attest_capabilities& capabilities, const attest_attend& call,
                        SupportsFunction supports) {
  if (call.struct_size < sizeof(attest_attend)) return "attest_attend of an older version";
  if (call.num_kv_heads < 1 || call.num_q_heads % call.num_kv_heads != 0) {
    return "num_q_heads = " + std::to_string(call.num_q_heads) +
           " is not a multiple of num_kv_heads = " + std::to_string(call.num_kv_heads);
  }
  const std::int64_t group = call.num_q_heads / call.num_kv_heads;
  if (Reason reason =
          first_of(find_bad_layout(capabilities, call.layout, call.page_size),
                   find_bad_head_dims(capabilities, call.head_dim_qk, call.head_dim_v),
                   outside(capabilities.num_kv_heads, call.num_kv_heads, "num_kv_heads"),
                   outside(capabilities.group, group, "group"),
                   outside(capabilities.batch, call.batch, "batch"),
                   find_bad_types(capabilities, call), find_bad_features(capabilities, call))) {
    return reason;
  }
  if (Reason reason = find_bad_sequences(capabilities, call)) return reason;
  if (supports != nullptr && supports(&call) == 0) return "supports() says no";
  return std::nullopt;
}

Reason find_unsupported(const attest_capabilities& capabilities, const attest_attend_partial& call,
                        SupportsFunction supports) {
  if (call.struct_size < sizeof(attest_attend_partial)) {
    return "attest_attend_partial of an older version";
  }
  return first_of(wrong_type(capabilities, output_types(capabilities), call.out.o, "out.o"),
                  wrong_type(capabilities, sum_types(capabilities), call.out.lse, "out.lse"),
                  find_unsupported(capabilities, call.call, supports));
}

Reason find_unsupported(const attest_capabilities& capabilities, const attest_merge& call) {
  if (call.struct_size < sizeof(attest_merge)) return "attest_merge of an older version";
  if (call.num_states < 1) return "num_states = " + std::to_string(call.num_states) + " < 1";
  const bool in_place = call.states[0].o.data == call.out.o.data;
  Reason reason = first_of(
      missing(capabilities, ATTEST_FEATURE_MERGE_MANY, call.num_states != 2, "num_states != 2"),
      missing(capabilities, ATTEST_FEATURE_MERGE_IN_PLACE, in_place, "merging in place"),
      wrong_type(capabilities, output_types(capabilities), call.out.o, "out.o"),
      wrong_type(capabilities, sum_types(capabilities), call.out.lse, "out.lse"));
  for (std::int32_t s = 0; s < call.num_states && !reason; ++s) {
    reason = first_of(
        wrong_type(capabilities, output_types(capabilities), call.states[s].o, "the o of a state"),
        wrong_type(capabilities, sum_types(capabilities), call.states[s].lse,
                   "the lse of a state"));
  }
  return reason;
}

Reason find_unsupported(const attest_capabilities& capabilities, const attest_append& call) {
  if (call.struct_size < sizeof(attest_append)) return "attest_append of an older version";
  const bool scaled = call.k_scale.data != nullptr || call.v_scale.data != nullptr;
  return first_of(
      find_bad_layout(capabilities, call.layout, call.page_size),
      find_bad_head_dims(capabilities, call.head_dim_qk, call.head_dim_v),
      outside(capabilities.num_kv_heads, call.num_kv_heads, "num_kv_heads"),
      wrong_type(capabilities, capabilities.q_dtypes, call.k_new, "k_new"),
      wrong_type(capabilities, capabilities.q_dtypes, call.v_new, "v_new"),
      wrong_type(capabilities, cache_types(capabilities), call.k, "k"),
      wrong_type(capabilities, cache_types(capabilities), call.v, "v"),
      wrong_type(capabilities, ATTEST_DTYPE_BIT(ATTEST_I64), call.slot_mapping, "slot_mapping"),
      missing(capabilities, ATTEST_FEATURE_SCALES, scaled, "scales of quantised tensors"));
}

bool has_workspace(const attest_attend& call, std::size_t bytes, attest_report* report) {
  if (call.workspace_bytes >= bytes) return true;
  leave_message(report, "workspace_bytes = " + std::to_string(call.workspace_bytes) +
                            ", but plan() asked for " + std::to_string(bytes));
  return false;
}

void leave_message(attest_report* report, const std::string& message) {
  if (report != nullptr && report->struct_size >= sizeof(attest_report)) {
    copy_text(report->message, message);
  }
}

void leave_path(attest_report* report, const std::string& path) {
  if (report != nullptr && report->struct_size >= sizeof(attest_report)) {
    copy_text(report->path, path);
  }
}

}  // namespace attest::kernels::cpu
