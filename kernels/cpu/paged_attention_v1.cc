#include "kernels/cpu/paged_attention_v1.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel paged_attention_v1_f32 =
    paged_attention_v1<float>("cpu/paged_attention_v1_f32", "paged decode in vLLM's layouts");
constinit const attest_kernel paged_attention_v1_f16 =
    paged_attention_v1<Mixed<F16, F16, F16, F16>>("cpu/paged_attention_v1_f16",
                                                  "paged decode in vLLM's layouts, P in f16");
constinit const attest_kernel paged_attention_v1_bf16_e4m3 =
    paged_attention_v1<Mixed<BF16, E4M3, BF16, BF16>>(
        "cpu/paged_attention_v1_bf16_e4m3", "paged decode in vLLM's layouts, fp8 cache, P in bf16");

}  // namespace attest::kernels::cpu
