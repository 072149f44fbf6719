// The greedy descent from a failing case to a 1-minimal one. It knows nothing of kernels: whoever
// calls it says how a case is judged (usually with acceptable(), accept.h).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

#include "problem/case.h"

namespace attest::shrinkers {

enum class Judgement : std::uint8_t {
  kFailsSame,     ///< the same failure: the smaller case takes the place of the larger
  kFailsOther,    ///< fails, but in another class or less severely
  kPasses,        ///< no failure, or nothing that can be told (inconclusive)
  kInapplicable,  ///< outside what the kernel or the property takes: nothing was run
};

struct Limits {
  std::int64_t max_evaluations = 2000;
  /// Asked before every judgement; true ends the descent with what there is. Unset: never.
  std::function<bool()> out_of_time;
};

struct MinimiseResult {
  problem::Case minimal;
  /// `evaluations` counts judgements that ran something; inapplicable cases are counted apart and
  /// appear in neither `passed` nor `rejected`. `minimal` is set only when every candidate of the
  /// minimal case has been judged (1-minimal), not when a limit ended the descent.
  problem::ShrinkRecord record;
  std::int64_t inapplicable = 0;
};

/// Shrinks `start`, a valid case that is known to fail: it is not judged again.
/// Asks `judge` about valid, strictly smaller cases only, and never twice about the same one.
/// Deterministic: the questions depend on `start` and the answers only.
/// Throws: ContractError if `start` is not valid; whatever `judge` throws.
MinimiseResult minimise(problem::Case start,
                        const std::function<Judgement(const problem::Case&)>& judge,
                        const Limits& limits = {});

}  // namespace attest::shrinkers
