// Deliberately wrong kernels, one defect each: a correct CPU kernel with one step replaced,
// declared like the correct one. Each file says which defect, where it was seen, and what should
// find it.
#pragma once

#include "kernels/attest_kernel.h"

namespace attest::kernels::planted {

extern const attest_kernel v_tail_not_zeroed;
extern const attest_kernel one_page_too_many;
extern const attest_kernel page_floor_drops_tail;
extern const attest_kernel table_tail_read;
extern const attest_kernel lse_log2_merged_as_ln;
extern const attest_kernel both_empty_nan;
extern const attest_kernel acc_not_rescaled;
extern const attest_kernel causal_top_left;
extern const attest_kernel kv_end_ignores_prefix;
extern const attest_kernel self_not_attended;
extern const attest_kernel window_off_by_one;
extern const attest_kernel softcap_after_mask;
extern const attest_kernel empty_row_unwritten;
extern const attest_kernel finite_minus_infinity;
extern const attest_kernel running_max_from_zero;
extern const attest_kernel kv_head_modulo;

}  // namespace attest::kernels::planted
