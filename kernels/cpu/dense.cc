#include "kernels/cpu/dense.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel dense_f32 =
    dense<float>("cpu/dense_f32", "textbook attention, two-pass softmax, every mask and modifier");
constinit const attest_kernel dense_f64 =
    dense<double>("cpu/dense_f64", "textbook attention, two-pass softmax, every mask and modifier");
constinit const attest_kernel dense_csr_f32 = dense<float, DenseCsrSteps>(
    "cpu/dense_csr_f32", "textbook attention, pages and lengths from the CSR form of the table");
constinit const attest_kernel dense_f16 =
    dense<F16>("cpu/dense_f16", "textbook attention on f16 tensors, sums in f32");
constinit const attest_kernel dense_bf16 =
    dense<BF16>("cpu/dense_bf16", "textbook attention on bf16 tensors, sums in f32");
constinit const attest_kernel dense_bf16_e4m3 = dense<Mixed<BF16, E4M3, BF16>>(
    "cpu/dense_bf16_e4m3", "textbook attention over an e4m3 cache with scales, q and o in bf16");
constinit const attest_kernel dense_e4m3 = dense<Mixed<E4M3, E4M3, E4M3>>(
    "cpu/dense_e4m3", "textbook attention with q, cache and output in e4m3, each with its scale");

}  // namespace attest::kernels::cpu
