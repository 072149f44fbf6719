#include "kernels/cpu/append.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel append_f32 =
    append<float>("cpu/append_f32", "append of keys and values through a slot mapping");
constinit const attest_kernel append_f64 =
    append<double>("cpu/append_f64", "append of keys and values through a slot mapping");

constinit const attest_kernel append_f16 =
    append<F16>("cpu/append_f16", "append of f16 keys and values through a slot mapping");
constinit const attest_kernel append_bf16_e4m3 = append<Mixed<BF16, E4M3, BF16>>(
    "cpu/append_bf16_e4m3", "append of bf16 keys and values, quantised to an e4m3 cache");
constinit const attest_kernel append_f16_e5m2 = append<Mixed<F16, E5M2, F16>>(
    "cpu/append_f16_e5m2", "append of f16 keys and values, quantised to an e5m2 cache");

}  // namespace attest::kernels::cpu
