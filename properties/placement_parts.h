// The pieces of place(): each fills in its own members of a call. Internal to placement.
#pragma once

#include "kernels/kernel_info.h"
#include "kernels/launch.h"
#include "properties/scene.h"

namespace attest::properties {

/// k, v, cu_seqlens_k, and the block table in the form that the kernel declares.
void place_cache(const Scene& scene, const kernels::KernelInfo& info, kernels::Launch& launch,
                 attest_attend& call);

/// causal, windows, attention chunk, tree, custom mask.
void place_mask(const problem::Problem& problem, const kernels::KernelInfo& info,
                kernels::Launch& launch, attest_attend& call);

/// scale, softcap, slopes, sinks, quantisation scales, bias.
void place_modifiers(const Scene& scene, kernels::Launch& launch, attest_attend& call);

/// A tensor of quantisation scales, absent when there are none.
attest_tensor place_scales(kernels::Launch& launch, const char* name, const problem::Scales& scales,
                           std::int64_t batch, std::int64_t heads);

}  // namespace attest::properties
