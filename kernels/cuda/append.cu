#include "kernels/cuda/append.cuh"
#include "kernels/cuda/kernels.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel append_f32 = append<Types<float>>(
    ATTEST_CUDA_NAME("append_f32"), "writes new tokens through a slot mapping");
constinit const attest_kernel append_f16 = append<Types<__half>>(
    ATTEST_CUDA_NAME("append_f16"), "writes new tokens through a slot mapping");
constinit const attest_kernel append_bf16_e4m3 = append<Types<__nv_bfloat16, __nv_fp8_e4m3>>(
    ATTEST_CUDA_NAME("append_bf16_e4m3"), "writes new tokens through a slot mapping, into e4m3");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
