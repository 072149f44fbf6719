// Random calls of the kernels in defects.h, judged against sums in double and by the executor.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/simt/simt.h"
#include "tests/kernels/simt/defects/defects.h"

namespace simt_defects {

struct Judgement {
  bool found = false;
  std::string how;  ///< "race: ...", "numbers", empty
};

/// Runs case number `number` with options that are already set.
Judgement run_case(Defect defect, std::uint64_t number);

/// All 21.
inline Defect defect_at(int index) { return static_cast<Defect>(index + 1); }

}  // namespace simt_defects
