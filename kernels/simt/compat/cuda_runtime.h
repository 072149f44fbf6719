// Stands in for CUDA's <cuda_runtime.h> where a kernel is compiled for the CPU.
#pragma once
#pragma GCC system_header

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <math.h>

#include "kernels/simt/device/atomics.h"
#include "kernels/simt/device/math.h"
#include "kernels/simt/device/qualifiers.h"
#include "kernels/simt/device/runtime_api.h"
#include "kernels/simt/device/shuffle.h"
#include "kernels/simt/device/sync.h"
#include "kernels/simt/device/unsupported.h"
#include "kernels/simt/device/vector_types.h"
