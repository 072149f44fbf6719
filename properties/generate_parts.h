// The steps of a generated case, in the order in which they draw. Internal to the generators.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/case.h"
#include "properties/draw.h"
#include "properties/generate.h"

namespace attest::properties {

/// The candidates that a declared set has; where it has none of them, members of its own.
std::vector<std::int64_t> members(const attest_set& set,
                                  const std::vector<std::int64_t>& candidates);

double round_f32(double value);

// generate_layout.cc: the layout, what it asks of sizes, and the storage.

/// One of the declared layouts for which the kernel's other sets have a case.
problem::KvLayout draw_layout(Draw& draw, const kernels::KernelInfo& info, const Wish& wish);
/// What every head dim is a multiple of: vectors of the x-split layout, the kernel's strides.
std::int64_t head_dim_multiple(const kernels::KernelInfo& info, problem::KvLayout layout,
                               problem::DType k_dtype);
std::int64_t draw_page_size(Draw& draw, const kernels::KernelInfo& info, problem::KvLayout layout);
problem::KvStorage draw_storage(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                                problem::KvLayout layout, std::int64_t page_size,
                                const problem::Problem& problem);

// generate_sizes.cc
struct Limits {
  std::int64_t kv_len;
  std::int64_t q_len;
  std::int64_t heads;
  std::int64_t work;  ///< multiply-adds
};
Limits draw_limits(Draw& draw);
void draw_sequences(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                    const Limits& limits, std::int64_t page, problem::Problem& problem);
void draw_heads(Draw& draw, const kernels::KernelInfo& info, const Limits& limits, bool one_kv_head,
                problem::Problem& problem);
void draw_head_dims(Draw& draw, const kernels::KernelInfo& info, const Limits& limits,
                    problem::KvLayout layout, problem::Problem& problem);

// generate_types.cc
void draw_types(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                problem::Problem& problem);
void draw_scales(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                 problem::Problem& problem);

// generate_mask.cc
void draw_mask(Draw& draw, const kernels::KernelInfo& info, const Wish& wish, std::int64_t page,
               problem::Problem& problem);
void draw_modifiers(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                    problem::Problem& problem);

// generate_values.cc
void draw_values(Draw& draw, const Wish& wish, std::int64_t page, const problem::Problem& problem,
                 problem::Values& values);
void draw_poison(Draw& draw, const kernels::KernelInfo& info, const Wish& wish,
                 problem::Case& value);

}  // namespace attest::properties
