#include "kernels/cuda/dense.cuh"
#include "kernels/cuda/kernels.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel dense_f32 =
    dense<Types<float>>(ATTEST_CUDA_NAME("dense_f32"), "textbook attention, a block for each row");
constinit const attest_kernel dense_f16 =
    dense<Types<__half>>(ATTEST_CUDA_NAME("dense_f16"), "textbook attention, a block for each row");
constinit const attest_kernel dense_bf16_e4m3 = dense<Types<__nv_bfloat16, __nv_fp8_e4m3>>(
    ATTEST_CUDA_NAME("dense_bf16_e4m3"), "textbook attention, a block for each row, fp8 cache");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
