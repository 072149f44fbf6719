// Stands in for CUDA's <cooperative_groups/reduce.h>.
#pragma once
#pragma GCC system_header

#include "kernels/simt/compat/cooperative_groups.h"
