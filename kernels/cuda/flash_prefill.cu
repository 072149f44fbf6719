#include "kernels/cuda/flash_prefill.cuh"
#include "kernels/cuda/kernels.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel flash_prefill_f32 = flash_prefill<Types<float>>(
    ATTEST_CUDA_NAME("flash_prefill_f32"), "ragged prefill in tiles, on CUDA cores");
constinit const attest_kernel flash_prefill_f16_e4m3 = flash_prefill<Types<__half, __nv_fp8_e4m3>>(
    ATTEST_CUDA_NAME("flash_prefill_f16_e4m3"),
    "ragged prefill in tiles, fp8 cache, on CUDA cores");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
