#include "kernels/cuda/kernels.cuh"
#include "kernels/cuda/paged_attention_v2.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel paged_attention_v2_f32 = paged_attention_v2<Types<float>>(
    ATTEST_CUDA_NAME("paged_attention_v2_f32"), "paged decode in vLLM's layouts, in partitions");
constinit const attest_kernel paged_attention_v2_f16 = paged_attention_v2<Types<__half>>(
    ATTEST_CUDA_NAME("paged_attention_v2_f16"),
    "paged decode in vLLM's layouts, in partitions, P and partial outputs in f16");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
