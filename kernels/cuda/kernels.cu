#include <cstddef>

#include "kernels/cuda/kernels.cuh"

namespace build = attest::kernels::ATTEST_CUDA_BUILD;

extern "C" const attest_kernel* const* attest_cuda_kernels(std::size_t* count) {
  static constexpr const attest_kernel* kKernels[] = {
      &build::dense_f32,
      &build::dense_f16,
      &build::dense_bf16_e4m3,
      &build::paged_attention_v1_f32,
      &build::paged_attention_v1_f16,
      &build::paged_attention_v1_bf16,
      &build::paged_attention_v1_f16_e4m3,
      &build::paged_attention_v2_f32,
      &build::paged_attention_v2_f16,
      &build::flash_prefill_f32,
      &build::flash_prefill_f16_e4m3,
      &build::flash_prefill_f16,
      &build::flash_prefill_bf16,
      &build::append_f32,
      &build::append_f16,
      &build::append_bf16_e4m3,
      &build::merge_f32,
      &build::merge_f16_base2,
      &build::split_decode_f32,
      &build::split_decode_bf16_base2,
      &build::mla_decode_f32,
      &build::mla_decode_bf16,
  };
  *count = sizeof(kKernels) / sizeof(kKernels[0]);
  return kKernels;
}
