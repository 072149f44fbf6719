#include "kernels/cuda/flash_prefill_mma.cuh"
#include "kernels/cuda/kernels.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel flash_prefill_f16 = flash_mma<Types<__half>>(
    ATTEST_CUDA_NAME("flash_prefill_f16"), "ragged prefill in tiles, on tensor cores");
constinit const attest_kernel flash_prefill_bf16 = flash_mma<Types<__nv_bfloat16>>(
    ATTEST_CUDA_NAME("flash_prefill_bf16"), "ragged prefill in tiles, on tensor cores");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
