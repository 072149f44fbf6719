// Defects that attention kernels really have, for measuring which checks notice them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/oracle/simulated/sabotage.h"
#include "tests/oracle/simulated/simulated_kernel.h"

namespace attest::tests {

enum class Defect : std::uint8_t {
  kNone,
  kDroppedLastKey,
  kMaskOffByOne,
  kScale1e4,
  kScale1e2,
  kScale2e2,
  kRescale1e3,
  kRescale1e4,
  kAccRescale1e3,
  kAccRescale1e4,
  kLRescale1e3,
  kRescaleSkipped,
  kF16Sums,
  kBF16Scores,
  kExpRipple,
  kHeavyKey,
  kLeak1e3,
  kLeak1e5,
  kZeros,
  kMeanOfV,
};

struct DefectInfo {
  Defect defect;
  std::string_view description;
  bool needs_hidden_key = false;
};
std::span<const DefectInfo> all_defects();
const DefectInfo& info_of(Defect defect);

/// The outputs of a kernel of this style with this defect, every row of one sequence. `hidden_key`:
/// one that the mask hides from all rows; kNoKey without a mask.
SimulatedOutputs simulate_defect(const SimulatedCall& call, const Style& style, Defect defect,
                                 std::int64_t hidden_key, Random& random);

}  // namespace attest::tests
