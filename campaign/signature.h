// When two failures are one: the same property fails in the same class, and the blame is the same.
#pragma once

#include <string>
#include <string_view>

#include "problem/verdict.h"

namespace attest::campaign {

/// "oracle-output-value-o", "memory-bounds-canary-k_cache", "oracle-lse-crash-signal-11": the
/// property, the class and what a person would look at first, the tensor of the first bad element
/// or the way a process died. Letters, digits, dashes and underscores, at most 120: safe as the
/// name of a folder.
std::string signature_of(std::string_view property, const problem::Verdict& verdict);

}  // namespace attest::campaign
