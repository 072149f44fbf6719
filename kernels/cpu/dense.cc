#include "kernels/cpu/dense.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel dense_f32 =
    dense<float>("cpu/dense_f32", "textbook attention, two-pass softmax, every mask and modifier");
constinit const attest_kernel dense_f64 =
    dense<double>("cpu/dense_f64", "textbook attention, two-pass softmax, every mask and modifier");

}  // namespace attest::kernels::cpu
