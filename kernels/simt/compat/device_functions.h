// Stands in for CUDA's <device_functions.h>: all of it is in cuda_runtime.h here.
#pragma once
#pragma GCC system_header

#include "cuda_runtime.h"
