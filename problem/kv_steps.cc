#include "problem/kv_steps.h"

#include <algorithm>

namespace attest::problem {
namespace {

struct Nest {
  Steps steps;
  std::int64_t outer = 0;  ///< elements of one outer slice: the packed step of the next dimension
};

/// [outer, token, head, lane]: contiguous, padded, paged NHD, MLA latent.
Nest token_major(std::int64_t slots, std::int64_t heads, std::int64_t lanes, const Gaps& gaps) {
  Steps s = row_steps(heads, lanes, gaps);
  return {s, slots * s.token + gaps.outer};
}

/// [outer, head, token, lane].
Nest head_major(std::int64_t slots, std::int64_t heads, std::int64_t lanes, const Gaps& gaps) {
  Steps s;
  s.lane = 1 + gaps.lane;
  s.token = lanes * s.lane + gaps.token;
  const std::int64_t head = slots * s.token + gaps.head;
  s.head = gaps.one_head ? 0 : head;
  return {s, (gaps.one_head ? 1 : heads) * head + gaps.outer};
}

/// K of the x-split layout, [outer, head, lane / x, token, x].
Nest x_split_k(std::int64_t slots, std::int64_t heads, std::int64_t lanes, std::int64_t x,
               const Gaps& gaps) {
  Steps s;
  s.x = x;
  s.token = x + gaps.token;
  s.lane = slots * s.token + gaps.lane;
  const std::int64_t head = lanes / x * s.lane + gaps.head;
  s.head = gaps.one_head ? 0 : head;
  return {s, (gaps.one_head ? 1 : heads) * head + gaps.outer};
}

/// V of the x-split layout, [outer, head, lane, token].
Nest x_split_v(std::int64_t slots, std::int64_t heads, std::int64_t lanes, const Gaps& gaps) {
  Steps s;
  s.token = 1 + gaps.token;
  s.lane = slots * s.token + gaps.lane;
  const std::int64_t head = lanes * s.lane + gaps.head;
  s.head = gaps.one_head ? 0 : head;
  return {s, (gaps.one_head ? 1 : heads) * head + gaps.outer};
}

std::int64_t room(const Problem& problem, const KvStorage& storage) {
  if (is_paged(storage.layout)) return storage.page_size;
  if (storage.layout == KvLayout::kPadded) return std::max<std::int64_t>(problem.max_kv_len(), 1);
  return problem.total_kv() + problem.batch() * storage.gap_tokens;
}

}  // namespace

std::int64_t x_of(DType type) { return static_cast<std::int64_t>(16 / size_of(type)); }

Steps row_steps(std::int64_t heads, std::int64_t lanes, const Gaps& gaps) {
  Steps s;
  s.lane = 1 + gaps.lane;
  const std::int64_t head = lanes * s.lane + gaps.head;
  s.head = gaps.one_head ? 0 : head;
  s.token = (gaps.one_head ? 1 : heads) * head + gaps.token;
  return s;
}

CacheSteps cache_steps(const Problem& problem, const KvStorage& storage) {
  const std::int64_t heads = problem.num_kv_heads;
  CacheSteps cache;
  cache.slots = room(problem, storage);
  if (is_paged(storage.layout)) cache.outers = storage.num_pages;
  if (storage.layout == KvLayout::kPadded) cache.outers = problem.batch();
  const auto nest = [&](std::int64_t lanes, const Gaps& gaps, bool is_k) {
    switch (storage.layout) {
      case KvLayout::kPagedHND:
        return head_major(cache.slots, heads, lanes, gaps);
      case KvLayout::kPagedXSplit:
        return is_k ? x_split_k(cache.slots, heads, lanes, x_of(problem.k_dtype), gaps)
                    : x_split_v(cache.slots, heads, lanes, gaps);
      default:
        return token_major(cache.slots, heads, lanes, gaps);
    }
  };
  const Nest k = nest(problem.head_dim_qk, storage.strides.k, true);
  cache.k = k.steps;
  cache.k.outer = k.outer;
  cache.v_in_k = problem.v_is_k_prefix || storage.layout == KvLayout::kPagedInterleaved;
  if (storage.layout == KvLayout::kPagedInterleaved) {
    // [pages, 2, ...]: V's half follows K's, and a gap after both ends the page.
    const std::int64_t half = k.outer - storage.strides.k.outer;
    cache.v_first = half;
    cache.k.outer = 2 * half + storage.strides.k.outer;
  }
  if (cache.v_in_k) {
    cache.v = cache.k;
  } else {
    const Nest v = nest(problem.head_dim_v, storage.strides.v, false);
    cache.v = v.steps;
    cache.v.outer = v.outer;
    cache.v_elements = cache.outers * v.outer;
  }
  cache.k_elements = cache.outers * cache.k.outer;
  // One slice has no step from one to the next.
  if (storage.layout == KvLayout::kContiguous) cache.k.outer = cache.v.outer = 0;
  return cache;
}

}  // namespace attest::problem
