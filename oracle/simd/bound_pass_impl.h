// Bodies of bound_pass.h for one instruction set. Included by bound_pass_<isa>.cc.
#pragma once

#include "oracle/simd/bound_pass.h"
#include "oracle/simd/bound_sums.h"
#include "oracle/simd/bound_survey.h"
#include "oracle/simd/bound_weigh.h"
