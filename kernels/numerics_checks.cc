// check_numerics(): every field of attest_numerics, what fields say together, and the floor.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "kernels/info_checks.h"
#include "kernels/kernel_info.h"
#include "kernels/numerics_floor.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

using problem::DType;
using problem::Numerics;

constexpr std::int32_t kMostLanes = 1 << 16;
constexpr std::int32_t kMostKeys = static_cast<std::int32_t>(problem::kMaxTokens);
constexpr std::int32_t kMostBits = 53;  // of f64
constexpr std::int32_t kMostScaleLog2 = 32;

void check_between(std::string_view field, std::int32_t value, std::int32_t least,
                   std::int32_t most) {
  if (value == 0 || (value >= least && value <= most)) return;
  const std::string_view nothing = least > 0 ? "0 or " : "";
  wrong(field, value, fmt::format("must be {}{} to {}", nothing, least, most));
}

void check_error(std::string_view field, double value) {
  if (!(value >= 0) || !std::isfinite(value)) wrong(field, value, "must be finite and >= 0");
}

/// Each field by itself.
void check_fields(const attest_numerics& n) {
  check_choice("numerics.accumulate", n.accumulate, ATTEST_BF16);
  check_choice("numerics.accumulator", n.accumulator, ATTEST_ACCUMULATE_ALIGNED);
  check_choice("numerics.q_prescaled", n.q_prescaled, 1);
  check_between("numerics.p_dtype_plus_1", n.p_dtype_plus_1, ATTEST_P_LIKE_Q, problem::kNumDTypes);
  check_choice("numerics.merge_levels", n.merge_levels, 64);
  check_error("numerics.exp_ulp", n.exp_ulp);
  check_error("numerics.exp_arg_ulp", n.exp_arg_ulp);
  check_error("numerics.tanh_ulp", n.tanh_ulp);
  check_error("numerics.lazy_rescale", n.lazy_rescale);
  check_between("numerics.product_bits", n.product_bits, 2, kMostBits);
  check_between("numerics.mma_depth", n.mma_depth, 2, 1024);
  check_between("numerics.mma_extra_bits", n.mma_extra_bits, 1, kMostBits);
  check_choice("numerics.score_dtype_plus_1", n.score_dtype_plus_1, problem::kNumDTypes);
  check_choice("numerics.weight_sum", n.weight_sum, ATTEST_SUM_ROUNDED);
  check_choice("numerics.p_unnormalised", n.p_unnormalised, 1);
  check_between("numerics.p_scale_log2", n.p_scale_log2, -kMostScaleLog2, kMostScaleLog2);
  check_between("numerics.dot_lanes", n.dot_lanes, 1, kMostLanes);
  check_between("numerics.value_lanes", n.value_lanes, 1, kMostLanes);
  check_between("numerics.weight_lanes", n.weight_lanes, 1, kMostLanes);
  check_between("numerics.tile", n.tile, 1, kMostKeys);
  check_between("numerics.ordered_block", n.ordered_block, 1, kMostKeys);
  check_between("numerics.max_splits", n.max_splits, 1, kMostKeys);
  check_choice("numerics.part_dtype_plus_1", n.part_dtype_plus_1, problem::kNumDTypes);
  check_choice("numerics.merge_normalises", n.merge_normalises, 1);
  check_choice("numerics.keeps_subnormals", n.keeps_subnormals, 1);
  for (const std::int64_t reserved : n.reserved) {
    if (reserved != 0) wrong("numerics.reserved", reserved, "must be 0");
  }
  if (n.preset != nullptr) throw ContractError("numerics.preset: a pointer where a text is due");
}

void check_preset(const KernelInfo& info, DType q_dtype) {
  const std::string& name = info.numerics_preset;
  if (name.empty()) return;
  const problem::NumericsPreset* preset = problem::find_numerics_preset(name);
  if (preset == nullptr) {
    std::string names;
    for (const auto& known : problem::numerics_presets()) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
    }
    wrong("numerics.preset", printable(name, 60), "must be one of " + names);
  }
  if (!preset->takes(q_dtype)) {
    wrong("numerics.preset", name,
          fmt::format("does not describe kernels with q in {}", problem::name_of(q_dtype)));
  }
}

/// What fields mean together, the preset's among them.
void check_together(const Numerics& n, DType q_dtype) {
  if (n.accumulator != problem::Accumulator::kAlignedTruncating) {
    const std::string_view rule = "needs accumulator ATTEST_ACCUMULATE_ALIGNED";
    if (n.mma_depth != 0) wrong("numerics.mma_depth", n.mma_depth, rule);
    if (n.mma_extra_bits != 0) wrong("numerics.mma_extra_bits", n.mma_extra_bits, rule);
  }
  if (n.mma_extra_bits != 0 && n.mma_depth == 0) {
    wrong("numerics.mma_extra_bits", n.mma_extra_bits, "needs mma_depth");
  }
  if (n.p_scale_log2 != 0 && !n.p_unnormalised) {
    wrong("numerics.p_scale_log2", n.p_scale_log2, "needs p_unnormalised");
  }
  if (n.max_splits == 1 && n.merge_levels > 0) {
    wrong("numerics.merge_levels", n.merge_levels, "with max_splits = 1 there is nothing to merge");
  }
  // The largest exponential is e^lazy_rescale and a little more, as scores err; sums of several
  // must still fit.
  if (n.lazy_rescale > std::log(problem::largest_finite(n.accumulate) / 16)) {
    wrong("numerics.lazy_rescale", n.lazy_rescale,
          fmt::format("e^this overflows {}", problem::name_of(n.accumulate)));
  }
  if (std::ldexp(1.02 * std::exp(n.lazy_rescale), n.p_scale_log2) >
      problem::largest_finite(n.p_dtype)) {
    throw ContractError(fmt::format(
        "numerics.lazy_rescale = {}, numerics.p_scale_log2 = {}: 2^p_scale_log2 e^lazy_rescale "
        "overflows {}",
        n.lazy_rescale, n.p_scale_log2, problem::name_of(n.p_dtype)));
  }
  const WeightError error = weight_error(n, q_dtype);
  if (!(error.total <= kLargestWeightError)) {
    throw ContractError(fmt::format(
        "numerics with q in {}: too loose to find mistakes: a weight of e^-8 may be off by "
        "{:.3g} % (most of it {}), at most {:.3g} % is accepted",
        problem::name_of(q_dtype), 100 * error.total, error.largest, 100 * kLargestWeightError));
  }
  const double tanh_error = n.tanh_ulp * problem::unit_roundoff(n.accumulate);
  if (tanh_error > kLargestTanhError) {
    wrong("numerics.tanh_ulp", n.tanh_ulp,
          fmt::format("tanh off by {:.2g}, at most {:.2g} is accepted", tanh_error,
                      kLargestTanhError));
  }
}

}  // namespace

void check_numerics(const KernelInfo& info) {
  constexpr std::uint32_t kSums =
      ATTEST_OP_ATTEND | ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_APPEND_ATTEND | ATTEST_OP_MERGE;
  check_fields(info.numerics);
  const attest_capabilities& c = info.capabilities;
  const bool sums_f64 = (info.operations & kSums) != 0 &&
                        ((c.q_dtypes | c.kv_dtypes) & ATTEST_DTYPE_BIT(ATTEST_F64)) != 0;
  const std::uint32_t q_dtypes = c.q_dtypes != 0 ? c.q_dtypes : c.kv_dtypes;
  for (const DType q_dtype : problem::all_dtypes()) {
    const bool taken = (q_dtypes & ATTEST_DTYPE_BIT(static_cast<unsigned>(q_dtype))) != 0 ||
                       (q_dtypes == 0 && q_dtype == info.first_q_dtype());
    if (!taken) continue;
    check_preset(info, q_dtype);
    const Numerics n = info.declared_numerics(q_dtype);
    if (sums_f64 && n.accumulate != DType::kF64) {
      wrong("numerics.accumulate", static_cast<int>(n.accumulate),
            "must be f64 for a kernel that takes f64");
    }
    check_together(n, q_dtype);
  }
}

}  // namespace attest::kernels
