#include "kernels/cuda/kernels.cuh"
#include "kernels/cuda/mla_decode.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel mla_decode_f32 = mla_decode<Types<float>>(
    ATTEST_CUDA_NAME("mla_decode_f32"), "latent attention, a warp for each head");
constinit const attest_kernel mla_decode_bf16 = mla_decode<Types<__nv_bfloat16>>(
    ATTEST_CUDA_NAME("mla_decode_bf16"), "latent attention, a warp for each head");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
