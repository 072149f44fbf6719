#include "kernels/cpu/prefill_query_outer.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel prefill_query_outer_f32 = prefill_query_outer<float>(
    "cpu/prefill_query_outer_f32", "causal prefill, queries outside, streaming keys");
constinit const attest_kernel prefill_query_outer_f64 = prefill_query_outer<double>(
    "cpu/prefill_query_outer_f64", "causal prefill, queries outside, streaming keys");

constinit const attest_kernel prefill_query_outer_bf16 = prefill_query_outer<BF16>(
    "cpu/prefill_query_outer_bf16", "causal prefill, queries outside, streaming keys, bf16");

}  // namespace attest::kernels::cpu
