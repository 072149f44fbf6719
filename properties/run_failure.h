// How a call that went wrong becomes the verdict of a check.
#pragma once

#include <optional>

#include "kernels/launch.h"
#include "kernels/session.h"
#include "problem/verdict.h"

namespace attest::properties {

/// Crashes, hangs, refusals and reported failures.
std::optional<problem::Verdict> failure_of(const kernels::RunResult& result);
/// What the call did to memory that was not its own.
std::optional<problem::Verdict> failure_of(const kernels::Launch& launch);

}  // namespace attest::properties
