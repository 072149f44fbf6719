// The CUDA kernels of one build (build.cuh).
#pragma once

#include "kernels/cuda/build.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

extern const attest_kernel dense_f32;
extern const attest_kernel dense_f16;
extern const attest_kernel dense_bf16_e4m3;
extern const attest_kernel paged_attention_v1_f32;
extern const attest_kernel paged_attention_v1_f16;
extern const attest_kernel paged_attention_v1_bf16;
extern const attest_kernel paged_attention_v1_f16_e4m3;
extern const attest_kernel paged_attention_v2_f32;
extern const attest_kernel paged_attention_v2_f16;
extern const attest_kernel flash_prefill_f32;
extern const attest_kernel flash_prefill_f16_e4m3;
extern const attest_kernel flash_prefill_f16;
extern const attest_kernel flash_prefill_bf16;
extern const attest_kernel append_f32;
extern const attest_kernel append_f16;
extern const attest_kernel append_bf16_e4m3;
extern const attest_kernel merge_f32;
extern const attest_kernel merge_f16_base2;
extern const attest_kernel split_decode_f32;
extern const attest_kernel split_decode_bf16_base2;
extern const attest_kernel mla_decode_f32;
extern const attest_kernel mla_decode_bf16;

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
