#include "kernels/cpu/sliding_window.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel sliding_window_f32 = sliding_window<float>(
    "cpu/sliding_window_f32", "window attention that visits keys inside the window only");
constinit const attest_kernel sliding_window_f64 = sliding_window<double>(
    "cpu/sliding_window_f64", "window attention that visits keys inside the window only");

}  // namespace attest::kernels::cpu
