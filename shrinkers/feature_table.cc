// The table of features. To add one, add a row.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "shrinkers/features.h"
#include "shrinkers/repair.h"
#include "shrinkers/sharing.h"

namespace attest::shrinkers {

using problem::Case;
using problem::DType;
using problem::Override;
using problem::Problem;
using problem::Sequence;

namespace {

// The case with its problem changed by `edit`, and the overrides that fit no more dropped.
template <typename Edit>
Case edited(const Case& base, Edit edit) {
  Case result = base;
  edit(result.problem());
  drop_stray_overrides(result);
  return result;
}

bool is_narrow(DType type) { return type != DType::kF32 && type != DType::kF64; }

Case without_narrow_types(const Case& base) {
  Case result = base;
  Problem& problem = result.problem();
  for (DType* type : {&problem.q_dtype, &problem.k_dtype, &problem.v_dtype, &problem.o_dtype}) {
    if (is_narrow(*type)) *type = DType::kF32;
  }
  for (Override& entry : result.values.overrides) {
    const DType old_type = problem::extent_of(base.problem(), entry.tensor, entry.sequence).type;
    const DType new_type = problem::extent_of(problem, entry.tensor, entry.sequence).type;
    entry.bits = problem::encode(new_type, problem::decode(old_type, entry.bits));
  }
  return result;
}

Case without_grouping(const Case& base) {
  const std::int64_t heads = base.problem().num_kv_heads;
  return with_heads(base, heads, heads);
}

Case with_equal_head_dims(const Case& base) {
  const Problem& problem = base.problem();
  const std::int64_t dim = std::min(problem.head_dim_qk, problem.head_dim_v);
  return with_head_dims(base, dim, dim);
}

Case without_latent_cache(const Case& base) {
  Case result = base;
  result.problem().v_is_k_prefix = false;
  if (result.storage.layout == problem::KvLayout::kMlaLatent) {
    result.storage.layout = problem::KvLayout::kPagedNHD;
  }
  return result;
}

Case without_parts(const Case& base) {
  Case result = base;
  result.plan.parts.clear();
  result.plan.merges.clear();
  return result;
}

constexpr auto kMeaning = std::to_array<Feature>({
    {"causal", [](const Case& c) { return c.problem().mask.causal; },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.causal = false; }); }},
    {"window_left", [](const Case& c) { return c.problem().mask.window_left.has_value(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.window_left.reset(); }); }},
    {"window_right", [](const Case& c) { return c.problem().mask.window_right.has_value(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.window_right.reset(); }); }},
    {"attention_chunk", [](const Case& c) { return c.problem().mask.attention_chunk.has_value(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.attention_chunk.reset(); }); }},
    {"tree", [](const Case& c) { return !c.problem().mask.tree.empty(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.tree.clear(); }); }},
    {"custom_mask", [](const Case& c) { return !c.problem().mask.custom.empty(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.mask.custom.clear(); }); }},
    {"softcap", [](const Case& c) { return c.problem().softcap != 0.0; },
     [](const Case& c) { return edited(c, [](Problem& p) { p.softcap = 0.0; }); }},
    {"alibi", [](const Case& c) { return !c.problem().alibi_slopes.empty(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.alibi_slopes.clear(); }); }},
    {"bias", [](const Case& c) { return c.problem().bias != problem::Bias::kNone; },
     [](const Case& c) { return edited(c, [](Problem& p) { p.bias = problem::Bias::kNone; }); }},
    {"bias_per_head", [](const Case& c) { return c.problem().bias == problem::Bias::kPerHead; },
     [](const Case& c) { return edited(c, [](Problem& p) { p.bias = problem::Bias::kShared; }); }},
    {"sink", [](const Case& c) { return !c.problem().sinks.empty(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.sinks.clear(); }); }},
    {"start_pos",
     [](const Case& c) {
       return std::any_of(c.problem().sequences.begin(), c.problem().sequences.end(),
                          [](const Sequence& s) { return s.start_pos.has_value(); });
     },
     [](const Case& c) {
       return edited(c, [](Problem& p) {
         for (Sequence& sequence : p.sequences) sequence.start_pos.reset();
       });
     }},
    {"q_scale", [](const Case& c) { return !c.problem().q_scale.empty(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.q_scale.clear(); }); }},
    {"k_scale", [](const Case& c) { return !c.problem().k_scale.empty(); },
     [](const Case& c) {
       return edited(c, [](Problem& p) {
         p.k_scale.clear();
         if (p.v_is_k_prefix) p.v_scale.clear();  // the same numbers
       });
     }},
    {"v_scale", [](const Case& c) { return !c.problem().v_scale.empty(); },
     [](const Case& c) {
       return edited(c, [](Problem& p) {
         p.v_scale.clear();
         if (p.v_is_k_prefix) p.k_scale.clear();
       });
     }},
    {"o_scale", [](const Case& c) { return c.problem().o_scale.has_value(); },
     [](const Case& c) { return edited(c, [](Problem& p) { p.o_scale.reset(); }); }},
});

constexpr auto kExecution = std::to_array<Feature>({
    {"grouping", [](const Case& c) { return c.problem().num_q_heads != c.problem().num_kv_heads; },
     without_grouping},
    {"unequal_head_dims",
     [](const Case& c) { return c.problem().head_dim_qk != c.problem().head_dim_v; },
     with_equal_head_dims},
    {"latent_cache", [](const Case& c) { return c.problem().v_is_k_prefix; }, without_latent_cache},
    {"narrow_types",
     [](const Case& c) {
       const Problem& p = c.problem();
       return is_narrow(p.q_dtype) || is_narrow(p.k_dtype) || is_narrow(p.v_dtype) ||
              is_narrow(p.o_dtype);
     },
     without_narrow_types},
    {"special_storage",
     [](const Case& c) { return c.storage.layout != problem::KvLayout::kContiguous; },
     with_contiguous_storage},
    {"strides", [](const Case& c) { return !c.storage.strides.packed(); },
     [](const Case& c) {
       Case result = c;
       result.storage.strides = {};
       return result;
     }},
    {"shared_pages", [](const Case& c) { return shared_entries(c.storage) > 0; }, without_sharing},
    {"parts", [](const Case& c) { return !c.plan.parts.empty(); }, without_parts},
    {"chunks", [](const Case& c) { return !c.plan.chunks.empty(); },
     [](const Case& c) {
       Case result = c;
       result.plan.chunks.clear();
       return result;
     }},
    {"num_splits", [](const Case& c) { return c.plan.num_splits > 1; },
     [](const Case& c) {
       Case result = c;
       result.plan.num_splits = 0;
       return result;
     }},
});

}  // namespace

std::span<const Feature> meaning_features() { return kMeaning; }
std::span<const Feature> execution_features() { return kExecution; }

}  // namespace attest::shrinkers
