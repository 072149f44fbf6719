#include "kernels/cpu/ragged_batch.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel ragged_batch_f32 = ragged_batch<float>(
    "cpu/ragged_batch_f32", "mixed prefills and decodes through a list of work tiles");
constinit const attest_kernel ragged_batch_f64 = ragged_batch<double>(
    "cpu/ragged_batch_f64", "mixed prefills and decodes through a list of work tiles");

}  // namespace attest::kernels::cpu
