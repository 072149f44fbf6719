// Harness::append(): the cache and the new tokens in memory, and the cache read back.
#include <cstring>
#include <new>

#include "properties/harness.h"
#include "properties/placement_parts.h"
#include "properties/run_failure.h"
#include "properties/slots.h"
#include "properties/tensor_views.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::Elements;
using problem::KvLayout;

/// The cache of an append as that of a call which never reads it.
struct Cache {
  problem::Problem problem;
  problem::KvStorage storage;
  problem::CacheSteps steps;

  explicit Cache(const Harness::AppendCall& request) {
    problem.num_q_heads = problem.num_kv_heads = request.num_kv_heads;
    problem.head_dim_qk = request.head_dim_qk;
    problem.head_dim_v = request.head_dim_v;
    problem.v_is_k_prefix = request.v_is_k_prefix;
    problem.k_dtype = problem.v_dtype = request.dtype;
    storage.layout = request.layout;
    storage.strides = request.strides;
    if (problem::is_paged(request.layout)) {
      storage.page_size = request.page_size;
      storage.num_pages = request.num_pages;
    } else if (request.layout == KvLayout::kPadded) {
      problem.sequences.assign(static_cast<std::size_t>(request.num_pages),
                               {.q_len = 0, .kv_len = request.page_size});
    } else {
      problem.sequences = {{.q_len = 0, .kv_len = request.num_pages * request.page_size}};
    }
    steps = problem::cache_steps(problem, storage);
  }

  SlotAccess access(bool is_k) const {
    return {is_k ? steps.k : steps.v, problem::size_of(problem.k_dtype), problem.num_kv_heads,
            is_k ? problem.head_dim_qk : problem.head_dim_v};
  }

  /// Calls visit(page, slot in it, byte offset of its row in packed elements).
  template <typename Visit>
  void for_each_slot(const SlotAccess& access, Visit visit) const {
    const std::size_t row = static_cast<std::size_t>(access.heads * access.lanes) * access.unit;
    std::size_t at = 0;
    for (std::int64_t outer = 0; outer < steps.outers; ++outer) {
      for (std::int64_t slot = 0; slot < steps.slots; ++slot, at += row) visit(outer, slot, at);
    }
  }

  void write(bool is_k, const Elements& from, const attest_tensor& to) const {
    const SlotAccess slots = access(is_k);
    for_each_slot(slots, [&](std::int64_t outer, std::int64_t slot, std::size_t at) {
      slots.write(static_cast<std::byte*>(to.data), outer, slot, from.data() + at);
    });
  }

  Elements read(bool is_k, const attest_tensor& from) const {
    const SlotAccess slots = access(is_k);
    Elements out(problem.k_dtype,
                 static_cast<std::size_t>(steps.outers * steps.slots * slots.heads * slots.lanes));
    for_each_slot(slots, [&](std::int64_t outer, std::int64_t slot, std::size_t at) {
      slots.read(static_cast<const std::byte*>(from.data), outer, slot, out.data() + at);
    });
    return out;
  }

  attest_tensor view(bool is_k) const { return cache_view(problem, storage, steps, is_k); }
};

attest_tensor add_new(const char* name, const Elements& contents, std::int64_t tokens,
                      std::int64_t heads, std::int64_t lanes, Launch& launch) {
  const attest_tensor tensor = launch.tensor(name, Role::kInput, static_cast<int>(contents.type()),
                                             std::vector{tokens, heads, lanes});
  write_tensor(tensor, contents);
  return tensor;
}

}  // namespace

Harness::AppendRun Harness::append(const AppendCall& request) {
  AppendRun run;
  Launch launch(session_.arena());
  launch.align_tensors(static_cast<std::size_t>(info().capabilities.base_alignment));
  auto* call = new (launch.raw(sizeof(attest_append), alignof(attest_append))) attest_append{};
  const auto tokens = static_cast<std::int64_t>(request.slots.size());
  call->struct_size = sizeof(attest_append);
  call->layout = static_cast<std::int32_t>(request.layout);
  call->num_kv_heads = static_cast<std::int32_t>(request.num_kv_heads);
  call->head_dim_qk = static_cast<std::int32_t>(request.head_dim_qk);
  call->head_dim_v = static_cast<std::int32_t>(request.head_dim_v);
  call->page_size = static_cast<std::int32_t>(request.page_size);
  call->num_pages = request.num_pages;
  call->num_tokens = tokens;
  call->k_new =
      add_new("k_new", request.k_new, tokens, request.num_kv_heads, request.head_dim_qk, launch);
  if (request.v_is_k_prefix) {
    call->v_new = call->k_new;
    call->v_new.shape[2] = request.head_dim_v;
  } else {
    call->v_new =
        add_new("v_new", request.v_new, tokens, request.num_kv_heads, request.head_dim_v, launch);
  }
  call->slot_mapping = launch.tensor("slot_mapping", Role::kInput, ATTEST_I64, std::vector{tokens});
  if (tokens > 0) {
    std::memcpy(call->slot_mapping.data, request.slots.data(),
                request.slots.size() * sizeof(std::int64_t));
  }
  call->k_scale = place_scales(launch, "k_scale", request.k_scale, 1, request.num_kv_heads);
  call->v_scale = place_scales(launch, "v_scale", request.v_scale, 1, request.num_kv_heads);

  const Cache cache(request);
  call->k = cache.view(true);
  call->k.data =
      launch
          .strided("k_cache", Role::kUpdated,
                   buffer_view(cache.problem, cache.storage, cache.steps), cache.steps.k_elements)
          .data;
  cache.write(true, request.k_cache, call->k);
  call->v = cache.view(false);
  if (cache.steps.v_in_k) {
    call->v.data = static_cast<std::byte*>(call->k.data) +
                   static_cast<std::size_t>(cache.steps.v_first) * problem::size_of(request.dtype);
  } else {
    call->v = launch.strided("v_cache", Role::kUpdated, call->v, cache.steps.v_elements);
  }
  if (!request.v_is_k_prefix) cache.write(false, request.v_cache, call->v);
  launch.seal();
  const kernels::RunResult result = session_.append(call);
  ++statistics_.kernel_calls;
  run.failure = failure_of(result, launch);
  if (run.failure) return run;
  run.k_cache = cache.read(true, call->k);
  run.v_cache = cache.read(false, call->v);
  return run;
}

}  // namespace attest::properties
