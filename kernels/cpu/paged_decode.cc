#include "kernels/cpu/paged_decode.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel paged_decode_f32 = paged_decode<float>(
    "cpu/paged_decode_f32", "online-softmax decode over a paged cache, tiles of 16 keys");
constinit const attest_kernel paged_decode_f64 = paged_decode<double>(
    "cpu/paged_decode_f64", "online-softmax decode over a paged cache, tiles of 16 keys");

}  // namespace attest::kernels::cpu
