#include "kernels/cuda/kernels.cuh"
#include "kernels/cuda/paged_attention_v1.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel paged_attention_v1_f32 = paged_attention_v1<Types<float>>(
    ATTEST_CUDA_NAME("paged_attention_v1_f32"), "paged decode in vLLM's layouts");
constinit const attest_kernel paged_attention_v1_f16 = paged_attention_v1<Types<__half>>(
    ATTEST_CUDA_NAME("paged_attention_v1_f16"), "paged decode in vLLM's layouts, P in f16");
constinit const attest_kernel paged_attention_v1_bf16 = paged_attention_v1<Types<__nv_bfloat16>>(
    ATTEST_CUDA_NAME("paged_attention_v1_bf16"), "paged decode in vLLM's layouts, P in bf16");
constinit const attest_kernel paged_attention_v1_f16_e4m3 =
    paged_attention_v1<Types<__half, __nv_fp8_e4m3>>(
        ATTEST_CUDA_NAME("paged_attention_v1_f16_e4m3"),
        "paged decode in vLLM's layouts, fp8 cache, P in f16");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
