// Kernels that keep or break one rule each, behind functions that launch them. All return the
// launch's error code (CUDA's numbers); `out` is device memory.
#pragma once

namespace simt_rules {

inline constexpr int kInvalidConfiguration = 9;
inline constexpr int kInvalidValue = 1;
inline constexpr int kLaunchFailure = 719;
inline constexpr int kNotSupported = 801;

// Barriers.
int neighbours_through_shared(int* out, int threads);
int barrier_in_two_places(int* out);
int exit_before_barrier(int* out);
int barrier_reductions(int* out, int threads);
int exited_and_waiting_deadlock(int* out);

// Warp collectives; out[32] or more.
int shuffles(int* out, int threads, int operand, int width);
int votes(unsigned* out, int threads);
int reductions(int* out);
int matches(unsigned* out);
int halves_with_own_masks(int* out);
int mask_without_caller(int* out);
int masks_differ(int* out);
int operations_differ(int* out);
int places_differ(int* out);
int source_outside_mask(int* out);
int source_exited(int* out);
int strange_width(int* out);
int tiles(int* out);

// Memory.
int read_unwritten_shared(unsigned* out);
int add_atomically(int* out, int blocks, int threads);
int async_copies(float* out, const float* in, bool wait);
int two_dynamic_views(float* out, int floats);

// Launches.
int launch_shape(int grid, int block, int dynamic_bytes);
int opt_in(int dynamic_bytes);
int launch_in_kernel(int* out);
int too_much_static_shared(int* out);
int order_of_threads(int* out, int blocks, int threads);
int wait_with_nanosleep(int* out);
int never_ends(int* out);
int cluster_launch(int* out);

// Matrix units: c[16, 16] = a[16, 16] b[16, 16], row-major halves given as floats.
int wmma_product(const float* a, const float* b, float* c);
int mma_product(const float* a, const float* b, float* c);
int relies_on_wmma_lanes(const float* a, const float* b, float* c);

}  // namespace simt_rules
