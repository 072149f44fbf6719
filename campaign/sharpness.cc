#include "campaign/sharpness.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "campaign/table.h"
#include "oracle/sensitivity.h"
#include "problem/program.h"
#include "properties/scene.h"

namespace attest::campaign {
namespace {

/// Families that judge other things than what weights do to outputs.
constexpr std::string_view kOtherFamilies[] = {"memory.", "monoid.", "refusal."};

}  // namespace

std::optional<double> sharpness(const problem::Case& value, const kernels::KernelInfo& kernel) {
  const bool other = value.property == "oracle.lse" ||
                     std::any_of(std::begin(kOtherFamilies), std::end(kOtherFamilies),
                                 [&](std::string_view f) { return value.property.starts_with(f); });
  if (other || !kernel.can(ATTEST_OP_ATTEND) || problem::is_program(value)) return std::nullopt;
  const properties::Scene scene = properties::scene_of(value);
  return oracle::sensitivity(scene.problem, scene.inputs,
                             kernel.declared_numerics(scene.problem.q_dtype));
}

std::string sharpness_text(double sharpness) {
  return std::isinf(sharpness) ? "no error of any key's weight"
                               : fmt::format("a weight error of {}", ratio_text(sharpness));
}

}  // namespace attest::campaign
