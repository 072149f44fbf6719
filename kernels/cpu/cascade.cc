#include "kernels/cpu/cascade.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel cascade_f32 = cascade<float>(
    "cpu/cascade_f32", "shared prefixes once for all sequences, then suffixes, then a merge");
constinit const attest_kernel cascade_f16 = cascade<F16>(
    "cpu/cascade_f16", "shared prefixes once for all sequences, then suffixes, then a merge");

}  // namespace attest::kernels::cpu
