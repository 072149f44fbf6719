// Second looks: a number that is inside its bound but beyond its statistical bound is either the
// work of a defect or of data whose roundings are not independent (equal or sorted terms). The
// check is repeated with keys in another order and inputs a little off: a defect errs again in the
// same direction, roundings do not. docs/second-looks.md has the odds.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "oracle/expected.h"
#include "problem/verdict.h"
#include "properties/harness.h"
#include "properties/scene.h"

namespace attest::properties {

/// Repetitions of a check; a single one that errs otherwise ends the suspicion.
inline constexpr int kSecondLooks = 5;

/// An element beyond its statistical bound.
struct Suspect {
  problem::Suspicion found;  ///< without runs
  std::size_t index = 0;     ///< in the whole tensor `found.where.tensor`
  double error = 0;          ///< signed, in statistical bounds
};

/// The same call with other roundings: keys that the same rows see have changed places and every
/// element of q, k, v and the sinks is off by a little. Keys stay inside `keys` (as in
/// ExpectOptions); with ALiBi or a bias they stay where they are. Variant `run` of a scene is
/// always the same. Sequences share no pages in it.
Scene variant(const Scene& scene, const std::vector<problem::Range>& keys,
              const problem::Numerics& numerics, int run);

/// The suspicion, if all repetitions err like the suspect. A repetition that does not end well
/// dismisses it, too.
std::optional<problem::Suspicion> look_again(Harness& harness, const Scene& scene,
                                             const oracle::ExpectOptions& options,
                                             const Suspect& suspect,
                                             const std::function<Run(const Scene&)>& again);

}  // namespace attest::properties
