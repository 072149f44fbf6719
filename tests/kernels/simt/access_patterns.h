// Kernels of one warp or two, each of which reaches memory in one way. All return the launch's
// error code.
#pragma once

namespace simt_patterns {

/// out[i * stride] = in[i * stride], by 64 threads. Shapes: [64 * stride].
int copy(const float* in, float* out, int stride);
/// The same by every `every`-th thread of a warp alone.
int copy_by_some(const float* in, float* out, int every);
/// 16 bytes a thread. Shapes: [128].
int copy_vectors(const float* in, float* out);
/// Each of 32 threads reads word `stride` times its index of shared memory, 32 * stride <= 1024.
int read_shared(float* out, int stride);

}  // namespace simt_patterns
