#include "kernels/cpu/mla_decode.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel mla_decode_f32 =
    mla_decode<float>("cpu/mla_decode_f32", "MLA decode in absorbed form over latent pages");
constinit const attest_kernel mla_decode_bf16 =
    mla_decode<BF16>("cpu/mla_decode_bf16", "MLA decode in absorbed form over latent pages");

}  // namespace attest::kernels::cpu
