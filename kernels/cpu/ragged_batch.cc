#include "kernels/cpu/ragged_batch.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel ragged_batch_f32 = ragged_batch<float>(
    "cpu/ragged_batch_f32", "mixed prefills and decodes through a list of work tiles");
constinit const attest_kernel ragged_batch_f64 = ragged_batch<double>(
    "cpu/ragged_batch_f64", "mixed prefills and decodes through a list of work tiles");

constinit const attest_kernel ragged_batch_bf16_e4m3 = ragged_batch<Mixed<BF16, E4M3, BF16>>(
    "cpu/ragged_batch_bf16_e4m3", "mixed prefills and decodes over an e4m3 cache");

}  // namespace attest::kernels::cpu
