// The checks of family chunking for calls that append and attend at once.
#pragma once

#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {

problem::Verdict check_append_attend(const problem::Case& value, Harness& harness);
problem::Verdict check_rotary(const problem::Case& value, Harness& harness);
problem::Verdict check_rotary_cache(const problem::Case& value, Harness& harness);

/// Makes the last rows of each sequence its new tokens, in pages of their own.
void make_rows_new(Draw& draw, problem::Case& value);

bool appends_and_attends_at_once(const kernels::KernelInfo& info);
bool turns(const kernels::KernelInfo& info);

}  // namespace attest::properties
