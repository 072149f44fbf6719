#include "kernels/cpu/append_attend.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel append_attend_f32 = append_attend<float>(
    "cpu/append_attend_f32", "append, rotary embedding and attention in one call");
constinit const attest_kernel append_attend_bf16 = append_attend<BF16>(
    "cpu/append_attend_bf16", "append, rotary embedding and attention in one call, all bf16");

}  // namespace attest::kernels::cpu
