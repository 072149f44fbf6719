#include "kernels/cpu/prefill_key_outer.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel prefill_key_outer_f32 =
    prefill_key_outer<float>("cpu/prefill_key_outer_f32",
                             "causal prefill, key tiles of 8 outside, mask on the diagonal only");
constinit const attest_kernel prefill_key_outer_f64 =
    prefill_key_outer<double>("cpu/prefill_key_outer_f64",
                              "causal prefill, key tiles of 8 outside, mask on the diagonal only");

constinit const attest_kernel prefill_key_outer_f16 = prefill_key_outer<Mixed<F16, F16, F16, F16>>(
    "cpu/prefill_key_outer_f16", "causal prefill, key tiles of 8 outside, P in f16");
constinit const attest_kernel prefill_key_outer_e4m3 =
    prefill_key_outer<Mixed<E4M3, E4M3, BF16, E4M3>>(
        "cpu/prefill_key_outer_e4m3", "causal prefill on e4m3 q and cache, P times 2^8 in e4m3");

}  // namespace attest::kernels::cpu
