// How a call that went wrong becomes the verdict of a check.
#pragma once

#include <optional>

#include "kernels/launch.h"
#include "kernels/session.h"
#include "problem/verdict.h"

namespace attest::properties {

/// Crashes, hangs, refusals and reported failures of a call over `launch`, which need not be
/// sealed.
std::optional<problem::Verdict> unfinished(const kernels::RunResult& result,
                                           const kernels::Launch& launch);
/// The same, then what the call did to memory that was not its own. Expects: sealed, if it is ok.
std::optional<problem::Verdict> failure_of(const kernels::RunResult& result,
                                           const kernels::Launch& launch);

}  // namespace attest::properties
