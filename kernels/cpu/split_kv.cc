#include "kernels/cpu/split_kv.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel split_kv_f32 = split_kv<float>(
    "cpu/split_kv_f32", "split-KV decode: partial states in the workspace, then a merge");
constinit const attest_kernel split_kv_f64 = split_kv<double>(
    "cpu/split_kv_f64", "split-KV decode: partial states in the workspace, then a merge");

constinit const attest_kernel split_kv_bf16 =
    split_kv<BF16>("cpu/split_kv_bf16", "split-KV decode on bf16 tensors, partial states in f32");

}  // namespace attest::kernels::cpu
