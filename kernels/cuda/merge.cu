#include "kernels/cuda/kernels.cuh"
#include "kernels/cuda/merge.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

constinit const attest_kernel merge_f32 =
    merge<Types<float>, BaseE>(ATTEST_CUDA_NAME("merge_f32"), "merging states, any number at once");
constinit const attest_kernel merge_f16_base2 = merge<Types<__half>, Base2>(
    ATTEST_CUDA_NAME("merge_f16_base2"), "merging states, any number at once, lse in base 2");

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
