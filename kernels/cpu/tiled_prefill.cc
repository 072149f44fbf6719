#include "kernels/cpu/tiled_prefill.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel tiled_prefill_f32 =
    tiled_prefill<float>("cpu/tiled_prefill_f32", "ragged paged prefill, tiles of rows and keys");
constinit const attest_kernel tiled_prefill_f16 =
    tiled_prefill<F16>("cpu/tiled_prefill_f16", "ragged paged prefill, tiles of rows and keys");

}  // namespace attest::kernels::cpu
