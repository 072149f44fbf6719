// The features of a call as switches: whether one is in use, the same call without it, and a
// setting that is heard in nearly every output. For the families that ask what a feature does.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/kernel_info.h"
#include "problem/case.h"
#include "properties/draw.h"
#include "properties/scene.h"

namespace attest::properties {

struct FeatureSwitch {
  const char* name;
  std::uint64_t feature;  ///< ATTEST_FEATURE_ bit a kernel declares it with
  bool (*in_use)(const problem::Problem& problem);
  /// Switches it off. The scene need not be one the kernel declares: only the oracle sees it.
  void (*off)(Scene& scene);
  /// Switches it on in a drawn case, so that most rows hear it. Nothing where it does not fit.
  void (*on)(Draw& draw, problem::Case& value);
};

std::span<const FeatureSwitch> feature_switches();

}  // namespace attest::properties
