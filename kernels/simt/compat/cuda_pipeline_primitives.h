// Stands in for CUDA's <cuda_pipeline_primitives.h>.
#pragma once
#pragma GCC system_header

#include "cuda_pipeline.h"
