#include "kernels/cpu/paged_decode.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel paged_decode_f32 = paged_decode<float>(
    "cpu/paged_decode_f32", "online-softmax decode over a paged cache, tiles of 16 keys");
constinit const attest_kernel paged_decode_f64 = paged_decode<double>(
    "cpu/paged_decode_f64", "online-softmax decode over a paged cache, tiles of 16 keys");

constinit const attest_kernel paged_decode_f16 =
    paged_decode<F16>("cpu/paged_decode_f16", "streaming decode over a paged f16 cache");
constinit const attest_kernel paged_decode_f16_e5m2 = paged_decode<Mixed<F16, E5M2, F16>>(
    "cpu/paged_decode_f16_e5m2", "streaming decode over a paged e5m2 cache, q and o in f16");
constinit const attest_kernel paged_decode_bf16_e4m3 = paged_decode<Mixed<BF16, E4M3, BF16>>(
    "cpu/paged_decode_bf16_e4m3", "streaming decode over a paged e4m3 cache, q and o in bf16");

}  // namespace attest::kernels::cpu
