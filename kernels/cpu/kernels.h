// The correct CPU kernels. Each is described at the top of the header of its name.
#pragma once

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

extern const attest_kernel dense_f32, dense_f64;
extern const attest_kernel dense_csr_f32, dense_f16, dense_bf16, dense_bf16_e4m3, dense_e4m3;
extern const attest_kernel paged_decode_f32, paged_decode_f64;
extern const attest_kernel paged_decode_f16, paged_decode_f16_e5m2, paged_decode_bf16_e4m3;
extern const attest_kernel prefill_query_outer_f32, prefill_query_outer_f64,
    prefill_query_outer_bf16;
extern const attest_kernel prefill_key_outer_f32, prefill_key_outer_f64;
extern const attest_kernel prefill_key_outer_f16, prefill_key_outer_e4m3;
extern const attest_kernel sliding_window_f32, sliding_window_f64, sliding_window_bf16;
extern const attest_kernel split_kv_f32, split_kv_f64, split_kv_bf16;
extern const attest_kernel ragged_batch_f32, ragged_batch_f64, ragged_batch_bf16_e4m3;
extern const attest_kernel append_f32, append_f64, append_f16, append_bf16_e4m3, append_f16_e5m2;
extern const attest_kernel append_attend_f32, append_attend_bf16;
extern const attest_kernel merge_f32, merge_f64, merge_f16;
extern const attest_kernel tiled_prefill_f32, tiled_prefill_f16;
extern const attest_kernel tree_verify_f32, tree_verify_bf16;
extern const attest_kernel cascade_f32, cascade_f16;
extern const attest_kernel threaded_decode_f32, threaded_decode_bf16;
extern const attest_kernel mla_decode_f32, mla_decode_bf16;
extern const attest_kernel paged_attention_v1_f32, paged_attention_v1_f16;
extern const attest_kernel paged_attention_v1_bf16_e4m3;
extern const attest_kernel paged_attention_v2_f32, paged_attention_v2_f16;

}  // namespace attest::kernels::cpu
