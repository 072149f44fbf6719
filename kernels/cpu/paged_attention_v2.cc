#include "kernels/cpu/paged_attention_v2.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel paged_attention_v2_f32 = paged_attention_v2<float>(
    "cpu/paged_attention_v2_f32", "partitioned paged decode in vLLM's layouts, with a reduce");
constinit const attest_kernel paged_attention_v2_f16 =
    paged_attention_v2<Mixed<F16, F16, F16, F16>>(
        "cpu/paged_attention_v2_f16",
        "partitioned paged decode in vLLM's layouts, with a reduce, P in f16");

}  // namespace attest::kernels::cpu
