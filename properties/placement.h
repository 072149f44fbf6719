// Lays a scene out in a launch's memory: contents where the block table says, junk or poison
// everywhere else.
#pragma once

#include <string>

#include "kernels/kernel_info.h"
#include "kernels/launch.h"
#include "properties/scene.h"
#include "properties/tensor_views.h"

namespace attest::properties {

/// The call over the scene, in the launch's arena, in the kernel's declared conventions. Outputs
/// hold the unwritten marker (or junk under PoisonPlace::kOutput, or zeros where the kernel asks
/// for them). Workspace is not set. `with_outputs`: false leaves o and lse absent (attend_partial
/// has its own).
attest_attend* place(const Scene& scene, const kernels::KernelInfo& info, kernels::Launch& launch,
                     bool with_outputs);

/// A tensor of lse, running maxima or sums, [rows, num_q_heads] in the declared memory order; not
/// filled.
attest_tensor place_lse(const kernels::KernelInfo& info, const std::string& name,
                        kernels::Role role, std::int64_t rows, std::int64_t num_q_heads,
                        kernels::Launch& launch, const problem::Gaps& gaps = {});

/// A tensor [rows, heads, lanes] with gaps; not filled, but for junk in the gaps.
attest_tensor place_rows(const std::string& name, kernels::Role role, problem::DType type,
                         std::int64_t rows, std::int64_t heads, std::int64_t lanes,
                         const problem::Gaps& gaps, kernels::Launch& launch);

/// A state for attend_partial or merge to write, filled like outputs.
attest_state place_output_state(const kernels::KernelInfo& info, std::int64_t rows,
                                std::int64_t num_q_heads, std::int64_t head_dim_v,
                                problem::DType o_dtype, kernels::Launch& launch,
                                const problem::Strides& strides = {});

/// The element type of lse and of running maxima: the accumulation type.
problem::DType lse_dtype(const kernels::KernelInfo& info);
/// What one unit of the kernel's lse stands for in nats.
double lse_unit(const kernels::KernelInfo& info);

}  // namespace attest::properties
