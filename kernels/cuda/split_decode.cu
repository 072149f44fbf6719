#include "kernels/cuda/kernels.cuh"
#include "kernels/cuda/split_decode.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel split_decode_f32 = split_decode<Types<float>, BaseE>(
    ATTEST_CUDA_NAME("split_decode_f32"), "split-KV decode, the last block merges");
constinit const attest_kernel split_decode_bf16_base2 = split_decode<Types<__nv_bfloat16>, Base2>(
    ATTEST_CUDA_NAME("split_decode_bf16_base2"),
    "split-KV decode, the last block merges, lse in base 2");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
