#include "properties/generate.h"

#include <algorithm>
#include <memory>

#include "properties/generate_parts.h"
#include "properties/shrink_tree.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::KvLayout;
using problem::Problem;

namespace {

/// Whether V is a part of K: always in the latent layout, sometimes where the kernel can.
bool draw_v_is_k_prefix(Draw& draw, const KernelInfo& info, KvLayout layout) {
  if (layout == KvLayout::kMlaLatent) return true;
  if (!info.has(ATTEST_FEATURE_V_IS_K_PREFIX)) return false;
  if (layout == KvLayout::kPagedInterleaved || layout == KvLayout::kPagedXSplit) return false;
  return draw.chance(25);
}

Case draw_one(Draw& draw, const KernelInfo& info, const Wish& wish) {
  Case value = problem::make_case({});
  Problem& problem = value.problem();
  const Limits limits = draw_limits(draw);
  const KvLayout layout = draw_layout(draw, info, wish);
  const std::int64_t page = problem::is_paged(layout) ? draw_page_size(draw, info, layout) : 0;

  draw_sequences(draw, info, wish, limits, page, problem);
  draw_heads(draw, info, limits, layout == KvLayout::kMlaLatent, problem);
  draw_types(draw, info, wish, problem);
  problem.v_is_k_prefix = draw_v_is_k_prefix(draw, info, layout);
  draw_head_dims(draw, info, limits, layout, problem);
  draw_mask(draw, info, wish, page, problem);
  draw_modifiers(draw, info, wish, problem);
  draw_scales(draw, info, wish, problem);
  draw_values(draw, wish, page, problem, value.values);
  value.storage = draw_storage(draw, info, wish, layout, page, problem);
  if (info.has(ATTEST_FEATURE_NUM_SPLITS)) {
    value.plan.num_splits =
        static_cast<std::int32_t>(draw.pick(std::vector<std::int64_t>{0, 1, 2, 3, 4, 7, 8}));
  }
  if (wish.parts) draw_parts(draw, info, value);
  if (wish.chunks) draw_chunks(draw, value);
  draw_poison(draw, info, wish, value);
  return value;
}

}  // namespace

std::vector<std::int64_t> members(const attest_set& set,
                                  const std::vector<std::int64_t>& candidates) {
  std::vector<std::int64_t> out;
  for (std::int64_t value : candidates) {
    if (kernels::contains(set, value)) out.push_back(value);
  }
  if (out.empty() && set.count > 0) out.assign(set.list, set.list + set.count);
  if (out.empty()) out.push_back(std::max<std::int64_t>({set.min, set.multiple, 1}));
  return out;
}

double round_f32(double value) { return static_cast<double>(static_cast<float>(value)); }

rc::Gen<Case> cases(const KernelInfo& info, const Wish& wish,
                    std::function<void(Draw&, Case&)> finish) {
  const auto shared_info = std::make_shared<const KernelInfo>(info);
  return rc::Gen<Case>([shared_info, wish, finish](const rc::Random& random, int size) {
    Draw draw(random, size);
    Case value = draw_one(draw, *shared_info, wish);
    if (finish) finish(draw, value);
    return with_shrinks(std::move(value));
  });
}

}  // namespace attest::properties
