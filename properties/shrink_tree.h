// Hands the shrinkers to RapidCheck: a case as the root of its own lazy shrink tree.
#pragma once

#include <rapidcheck/Shrinkable.h>

#include "problem/case.h"

namespace attest::properties {

rc::Shrinkable<problem::Case> with_shrinks(problem::Case value);

}  // namespace attest::properties
