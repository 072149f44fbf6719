#include "kernels/cpu/tree_verify.h"

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {

constinit const attest_kernel tree_verify_f32 =
    tree_verify<float>("cpu/tree_verify_f32", "drafts of a token tree over their own ancestors");
constinit const attest_kernel tree_verify_bf16 =
    tree_verify<BF16>("cpu/tree_verify_bf16", "drafts of a token tree over their own ancestors");

}  // namespace attest::kernels::cpu
