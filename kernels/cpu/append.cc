#include "kernels/cpu/append.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel append_f32 =
    append<float>("cpu/append_f32", "append of keys and values through a slot mapping");
constinit const attest_kernel append_f64 =
    append<double>("cpu/append_f64", "append of keys and values through a slot mapping");

}  // namespace attest::kernels::cpu
