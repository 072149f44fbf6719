// Element types and quantisation scales.
#include <algorithm>
#include <vector>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::DType;
using problem::Problem;
using problem::Scales;

namespace {

std::vector<DType> types_in(std::uint32_t bits) {
  std::vector<DType> types;
  for (const DType type : problem::all_dtypes()) {
    if ((bits & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) != 0) types.push_back(type);
  }
  return types;
}

DType widest(const std::vector<DType>& types) {
  return *std::min_element(types.begin(), types.end(), [](DType a, DType b) {
    return problem::unit_roundoff(a) < problem::unit_roundoff(b);
  });
}

bool has_8_bits(DType type) { return problem::size_of(type) == 1; }

/// Powers of two, which move the exponent only, and ordinary numbers, which round.
double draw_scale(Draw& draw) {
  const bool power = draw.chance(50);
  if (power) return draw.pick(std::vector<double>{0.25, 0.5, 2.0, 4.0});
  return round_f32(static_cast<double>(draw.between(300, 2700)) / 1000.0);
}

/// One for the tensor, one per head, or one per sequence and head.
Scales draw_scales_of(Draw& draw, std::int64_t batch, std::int64_t heads) {
  const std::int64_t kind = draw.between(0, 2);
  const std::int64_t count = kind == 0 ? 1 : kind == 1 ? heads : batch * heads;
  Scales scales;
  for (std::int64_t i = 0; i < count; ++i) scales.push_back(draw_scale(draw));
  return scales;
}

}  // namespace

DType widest_output(const KernelInfo& info) {
  const auto& caps = info.capabilities;
  const std::vector<DType> types = types_in(caps.o_dtypes != 0 ? caps.o_dtypes : caps.q_dtypes);
  return types.empty() ? info.first_q_dtype() : widest(types);
}

void draw_types(Draw& draw, const KernelInfo& info, const Wish& wish, Problem& problem) {
  const auto& caps = info.capabilities;
  std::vector<DType> queries = types_in(caps.q_dtypes);
  if (queries.empty()) queries.push_back(info.first_q_dtype());
  problem.q_dtype = wish.parts && caps.o_dtypes == 0 ? widest(queries) : draw.pick(queries);
  problem.k_dtype = problem.q_dtype;
  if (caps.kv_dtypes != 0) problem.k_dtype = draw.pick(types_in(caps.kv_dtypes));
  problem.v_dtype = problem.k_dtype;
  problem.o_dtype = problem.q_dtype;
  if (caps.o_dtypes == 0) return;
  // States travel in the type of the output.
  problem.o_dtype = wish.parts ? widest_output(info) : draw.pick(types_in(caps.o_dtypes));
}

void draw_scales(Draw& draw, const KernelInfo& info, const Wish& wish, Problem& problem) {
  if (!info.has(ATTEST_FEATURE_SCALES)) return;
  const std::int64_t batch = problem.batch();
  const auto wanted = [&](DType type) { return draw.chance(has_8_bits(type) ? 70 : 15); };
  if (wanted(problem.q_dtype)) problem.q_scale = draw_scales_of(draw, batch, problem.num_q_heads);
  if (wanted(problem.k_dtype)) problem.k_scale = draw_scales_of(draw, batch, problem.num_kv_heads);
  if (problem.v_is_k_prefix) {
    problem.v_scale = problem.k_scale;
  } else if (wanted(problem.v_dtype)) {
    problem.v_scale = draw_scales_of(draw, batch, problem.num_kv_heads);
  }
  const bool scaled = wanted(problem.o_dtype);
  if (scaled && !wish.parts) problem.o_scale = draw_scale(draw);
}

}  // namespace attest::properties
