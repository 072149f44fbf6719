#include "kernels/cpu/prefill_key_outer.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel prefill_key_outer_f32 =
    prefill_key_outer<float>("cpu/prefill_key_outer_f32",
                             "causal prefill, key tiles of 8 outside, mask on the diagonal only");
constinit const attest_kernel prefill_key_outer_f64 =
    prefill_key_outer<double>("cpu/prefill_key_outer_f64",
                              "causal prefill, key tiles of 8 outside, mask on the diagonal only");

}  // namespace attest::kernels::cpu
