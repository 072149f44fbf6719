#include "kernels/cpu/merge.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel merge_f32 =
    merge<float>("cpu/merge_f32", "merge of partial attention states (o, lse)");
constinit const attest_kernel merge_f64 =
    merge<double>("cpu/merge_f64", "merge of partial attention states (o, lse)");

constinit const attest_kernel merge_f16 =
    merge<F16>("cpu/merge_f16", "merge of partial attention states with o in f16 and lse in f32");

}  // namespace attest::kernels::cpu
