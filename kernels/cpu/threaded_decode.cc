#include "kernels/cpu/threaded_decode.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel threaded_decode_f32 = threaded_decode<float>(
    "cpu/threaded_decode_f32", "flash decoding on several threads, the last one merges");
constinit const attest_kernel threaded_decode_bf16 = threaded_decode<BF16>(
    "cpu/threaded_decode_bf16", "flash decoding on several threads, the last one merges");

}  // namespace attest::kernels::cpu
