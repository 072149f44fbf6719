// unsupported(): a problem and its storage against a declaration, field by field.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/kernel_info.h"
#include "problem/kv_steps.h"

namespace attest::kernels {
namespace {

using problem::DType;
using problem::KvStorage;
using problem::Problem;
using problem::Sequence;
using Reason = std::optional<std::string>;

std::uint32_t bit(DType type) { return ATTEST_DTYPE_BIT(static_cast<std::uint32_t>(type)); }

Reason unsupported_type(const KernelInfo& info, const Problem& p) {
  const attest_capabilities& c = info.capabilities;
  const std::uint32_t q = bit(p.q_dtype);
  if ((c.q_dtypes & q) == 0) return fmt::format("q of type {}", name_of(p.q_dtype));
  // There is no way to declare keys of one type beside values of another.
  if (p.k_dtype != p.v_dtype) {
    return fmt::format("keys of type {} beside values of type {}", name_of(p.k_dtype),
                       name_of(p.v_dtype));
  }
  if (((c.kv_dtypes == 0 ? q : c.kv_dtypes) & bit(p.k_dtype)) == 0) {
    return fmt::format("keys and values of type {} with q of type {}", name_of(p.k_dtype),
                       name_of(p.q_dtype));
  }
  if (((c.o_dtypes == 0 ? q : c.o_dtypes) & bit(p.o_dtype)) == 0) {
    return fmt::format("output of type {} with q of type {}", name_of(p.o_dtype),
                       name_of(p.q_dtype));
  }
  return {};
}

Reason unsupported_feature(const KernelInfo& info, const Problem& p) {
  const auto lacks = [&](bool used, std::uint64_t feature) { return used && !info.has(feature); };
  const problem::Mask& m = p.mask;
  if (lacks(!m.causal, ATTEST_FEATURE_NON_CAUSAL)) return "no causal mask";
  if (lacks(m.causal, ATTEST_FEATURE_CAUSAL)) return "a causal mask";
  if (lacks(m.window_left.has_value(), ATTEST_FEATURE_WINDOW_LEFT)) return "a left window";
  if (lacks(m.window_right.has_value(), ATTEST_FEATURE_WINDOW_RIGHT)) return "a right window";
  if (lacks(m.attention_chunk.has_value(), ATTEST_FEATURE_ATTENTION_CHUNK))
    return "an attention chunk";
  if (lacks(!m.tree.empty(), ATTEST_FEATURE_TREE)) return "a tree mask";
  if (lacks(!m.custom.empty(), ATTEST_FEATURE_CUSTOM_MASK)) return "a custom mask";
  if (lacks(p.softcap != 0, ATTEST_FEATURE_SOFTCAP)) return "a softcap";
  if (lacks(!p.alibi_slopes.empty(), ATTEST_FEATURE_ALIBI)) return "ALiBi slopes";
  if (lacks(p.bias != problem::Bias::kNone, ATTEST_FEATURE_BIAS)) return "a bias";
  if (lacks(!p.sinks.empty(), ATTEST_FEATURE_SINK)) return "sinks";
  const bool scaled =
      !p.q_scale.empty() || !p.k_scale.empty() || !p.v_scale.empty() || p.o_scale.has_value();
  if (lacks(scaled, ATTEST_FEATURE_SCALES)) return "quantisation scales";
  if (lacks(p.v_is_k_prefix, ATTEST_FEATURE_V_IS_K_PREFIX))
    return "values that are a prefix of the keys";
  return {};
}

// Whether a query's position matters, so that a top-left kernel, which has its own idea of it,
// differs.
bool uses_positions(const Problem& p) {
  const problem::Mask& m = p.mask;
  return m.causal || m.window_left || m.window_right || m.attention_chunk || !m.tree.empty() ||
         !p.alibi_slopes.empty();
}

Reason unsupported_start(const KernelInfo& info, const Problem& p, const Sequence& s) {
  const std::int64_t start = s.first_position();
  if (info.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT) {
    const bool harmless = !uses_positions(p) && start == s.kv_len - s.q_len;
    if (start == 0 || harmless || s.q_len == 0) return {};
    return fmt::format("start_pos {} with a top-left causal mask, which has 0", start);
  }
  if (start == s.kv_len - s.q_len || info.has(ATTEST_FEATURE_START_POS)) return {};
  return fmt::format("start_pos {} other than kv_len - q_len = {}", start, s.kv_len - s.q_len);
}

// A length of 0 is a feature of its own and no member of the sets.
Reason unsupported_sequence(const KernelInfo& info, const Problem& p, const Sequence& s) {
  const attest_capabilities& c = info.capabilities;
  if (s.q_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_Q)) return "q_len 0";
  if (s.kv_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_KV)) return "kv_len 0";
  if (s.q_len > 0 && !contains(c.q_len, s.q_len)) return fmt::format("q_len {}", s.q_len);
  if (s.kv_len > 0 && !contains(c.kv_len, s.kv_len)) return fmt::format("kv_len {}", s.kv_len);
  if (s.kv_len > 0 && s.q_len > s.kv_len && !info.has(ATTEST_FEATURE_Q_LONGER)) {
    return fmt::format("q_len {} longer than kv_len {}", s.q_len, s.kv_len);
  }
  return unsupported_start(info, p, s);
}

Reason unsupported_size(const KernelInfo& info, const Problem& p, const KvStorage& storage) {
  const attest_capabilities& c = info.capabilities;
  if (!contains(c.head_dim_qk, p.head_dim_qk)) return fmt::format("head_dim_qk {}", p.head_dim_qk);
  if (p.head_dim_v != p.head_dim_qk) {
    if (!info.has(ATTEST_FEATURE_HEAD_DIM_V)) {
      return fmt::format("head_dim_v {} beside head_dim_qk {}", p.head_dim_v, p.head_dim_qk);
    }
    if (!contains(c.head_dim_v, p.head_dim_v)) return fmt::format("head_dim_v {}", p.head_dim_v);
  }
  if (!contains(c.num_kv_heads, p.num_kv_heads))
    return fmt::format("num_kv_heads {}", p.num_kv_heads);
  if (!contains(c.group, p.group())) return fmt::format("{} query heads per KV head", p.group());
  if (!contains(c.batch, p.batch())) return fmt::format("a batch of {}", p.batch());
  if (is_paged(storage.layout) && !contains(c.page_size, storage.page_size)) {
    return fmt::format("page_size {}", storage.page_size);
  }
  return {};
}

// Rows and slices of q, k, v and o against the granularity of strides that the kernel asks for.
Reason unsupported_steps(const KernelInfo& info, const Problem& p, const KvStorage& storage) {
  const std::int64_t unit = std::max<std::int64_t>(info.capabilities.stride_alignment, 1);
  if (unit == 1) return {};
  const problem::CacheSteps cache = problem::cache_steps(p, storage);
  const problem::Steps q = row_steps(p.num_q_heads, p.head_dim_qk, storage.strides.q);
  const problem::Steps o = row_steps(p.num_q_heads, p.head_dim_v, storage.strides.o);
  for (const problem::Steps& steps : {q, cache.k, cache.v, o}) {
    for (const std::int64_t step : {steps.outer, steps.token, steps.head, steps.lane}) {
      if (step != 1 && step % unit != 0) return fmt::format("a stride of {}", step);
    }
  }
  return {};
}

// Whether a step that is taken differs: one slice has no step to the next.
bool steps_differ(const problem::Steps& a, const problem::Steps& b, std::int64_t outers,
                  std::int64_t tokens, std::int64_t heads, std::int64_t lanes) {
  return (outers > 1 && a.outer != b.outer) || (tokens > 1 && a.token != b.token) ||
         (heads > 1 && a.head != b.head) || (lanes > 1 && a.lane != b.lane);
}

bool has_strided_lse(const KernelInfo& info, const Problem& p, const problem::Gaps& gaps) {
  const std::int64_t rows = p.total_q();
  const std::int64_t heads = p.num_q_heads;
  if (info.conventions.lse_layout == ATTEST_LSE_HEAD_ROW) {
    return (rows > 1 && gaps.token > 0) || (heads > 1 && rows * gaps.token + gaps.head > 0);
  }
  return (heads > 1 && gaps.head > 0) || (rows > 1 && heads * gaps.head + gaps.token > 0);
}

// Whether gaps move an element of the call at all.
bool is_strided(const KernelInfo& info, const Problem& p, const KvStorage& storage) {
  if (storage.strides.packed()) return false;
  KvStorage plain = storage;
  plain.strides = {};
  const problem::CacheSteps cache = problem::cache_steps(p, storage);
  const problem::CacheSteps packed = problem::cache_steps(p, plain);
  const std::int64_t vectors = cache.k.x > 0 ? p.head_dim_qk / cache.k.x : p.head_dim_qk;
  const auto rows_differ = [&](const problem::Gaps& gaps, std::int64_t lanes) {
    return steps_differ(problem::row_steps(p.num_q_heads, lanes, gaps),
                        problem::row_steps(p.num_q_heads, lanes, {}), 1, p.total_q(), p.num_q_heads,
                        lanes);
  };
  return steps_differ(cache.k, packed.k, cache.outers, cache.slots, p.num_kv_heads, vectors) ||
         steps_differ(cache.v, packed.v, cache.outers, cache.slots, p.num_kv_heads, p.head_dim_v) ||
         rows_differ(storage.strides.q, p.head_dim_qk) ||
         rows_differ(storage.strides.o, p.head_dim_v) ||
         has_strided_lse(info, p, storage.strides.lse);
}

Reason unsupported_batch(const KernelInfo& info, const Problem& p) {
  for (const Sequence& s : p.sequences) {
    if (Reason reason = unsupported_sequence(info, p, s)) return reason;
  }
  if (info.has(ATTEST_FEATURE_RAGGED)) return {};
  std::int64_t common = 0;
  for (const Sequence& s : p.sequences) {
    if (s.q_len == 0) continue;
    if (common != 0 && s.q_len != common)
      return fmt::format("q_len {} beside {} in one batch", s.q_len, common);
    common = s.q_len;
  }
  return {};
}

}  // namespace

Reason unsupported(const KernelInfo& info, const Problem& p, const KvStorage& storage) {
  const std::uint32_t layout = ATTEST_LAYOUT_BIT(static_cast<std::uint32_t>(storage.layout));
  Reason reason = unsupported_type(info, p);
  if (!reason && (info.capabilities.layouts & layout) == 0) {
    reason = fmt::format("layout {}", name_of(storage.layout));
  }
  if (!reason) reason = unsupported_feature(info, p);
  if (!reason) reason = unsupported_size(info, p, storage);
  if (!reason && !info.has(ATTEST_FEATURE_STRIDES) && is_strided(info, p, storage)) {
    reason = "strides other than packed";
  }
  if (!reason) reason = unsupported_steps(info, p, storage);
  if (!reason) reason = unsupported_batch(info, p);
  if (!reason) return {};
  return fmt::format("{} does not declare: {}", info.name, *reason);
}

}  // namespace attest::kernels
