// The correct CPU kernels. Each is described at the top of the header of its name.
#pragma once

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

extern const attest_kernel dense_f32, dense_f64;
extern const attest_kernel dense_f16, dense_bf16, dense_bf16_e4m3;
extern const attest_kernel paged_decode_f32, paged_decode_f64;
extern const attest_kernel prefill_query_outer_f32, prefill_query_outer_f64;
extern const attest_kernel prefill_key_outer_f32, prefill_key_outer_f64;
extern const attest_kernel sliding_window_f32, sliding_window_f64;
extern const attest_kernel split_kv_f32, split_kv_f64;
extern const attest_kernel ragged_batch_f32, ragged_batch_f64;
extern const attest_kernel append_f32, append_f64;
extern const attest_kernel merge_f32, merge_f64;

}  // namespace attest::kernels::cpu
