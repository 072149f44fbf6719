#include "kernels/cpu/sliding_window.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel sliding_window_f32 = sliding_window<float>(
    "cpu/sliding_window_f32", "window attention that visits keys inside the window only");
constinit const attest_kernel sliding_window_f64 = sliding_window<double>(
    "cpu/sliding_window_f64", "window attention that visits keys inside the window only");

constinit const attest_kernel sliding_window_bf16 = sliding_window<BF16>(
    "cpu/sliding_window_bf16", "window attention that visits keys inside the window only, bf16");

}  // namespace attest::kernels::cpu
