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
extern const attest_kernel rotary_position_of_chunk;
extern const attest_kernel rotary_all_lanes;
extern const attest_kernel new_keys_not_turned;
extern const attest_kernel alibi_off_at_decode;
extern const attest_kernel alibi_sign;
extern const attest_kernel alibi_slope_exponent;
extern const attest_kernel bad_id_becomes_page_zero;
extern const attest_kernel bound_from_q_len;
extern const attest_kernel boundary_mask_skipped_when_tile_equals_page;
extern const attest_kernel chunk_sees_whole_length;
extern const attest_kernel combine_batch_stride_zero;
extern const attest_kernel combine_reads_empty_split;
extern const attest_kernel empty_lse_plus_inf;
extern const attest_kernel empty_split_nan;
extern const attest_kernel finite_lse_for_empty;
extern const attest_kernel group_for_count;
extern const attest_kernel k_tail_additive_mask;
extern const attest_kernel last_group_unbounded;
extern const attest_kernel loop_starts_at_chunk;
extern const attest_kernel lse_ln_merged_as_log2;
extern const attest_kernel lse_of_last_split;
extern const attest_kernel merge_in_place_alias;
extern const attest_kernel merge_without_max;
extern const attest_kernel page_index_per_outer_loop;
extern const attest_kernel page_wider_than_tile;
extern const attest_kernel prefix_lost_in_two_token_step;
extern const attest_kernel short_kv_tile_unmasked;
extern const attest_kernel sink_per_split;
extern const attest_kernel softcap_ignored;
extern const attest_kernel split_limit;
extern const attest_kernel split_remainder_lost;
extern const attest_kernel window_from_last_row;
extern const attest_kernel window_ignored_on_decode;
extern const attest_kernel window_ignored_on_prefix;
extern const attest_kernel window_tile_start_late;
extern const attest_kernel long_window_refused;
extern const attest_kernel negative_slot_wraps;
extern const attest_kernel neighbour_page;
extern const attest_kernel page_size_hard_coded;
extern const attest_kernel right_window_clamped;
extern const attest_kernel window_accepted_without_support;
extern const attest_kernel stale_tile_rows;
extern const attest_kernel mask_survives_call;
extern const attest_kernel zero_length_writes;
extern const attest_kernel thread_zero_only;
extern const attest_kernel counter_not_reset;
extern const attest_kernel splits_from_batch_size;
extern const attest_kernel tree_window_by_index;
extern const attest_kernel append_past_capacity;
extern const attest_kernel fp8_p_underflows;
extern const attest_kernel half_accumulation;
extern const attest_kernel head_dim_truncated;
extern const attest_kernel int16_column;
extern const attest_kernel int32_page_offset;
extern const attest_kernel last_stride_assumed;
extern const attest_kernel output_stride_wrong;
extern const attest_kernel padded_lanes_read;
extern const attest_kernel scale_from_padded_dim;
extern const attest_kernel scale_of_head_zero;
extern const attest_kernel v_scale_dropped;
extern const attest_kernel x_split_order;
extern const attest_kernel first_tile_fully_masked_nan;
extern const attest_kernel noncausal_skips_boundary_mask;
extern const attest_kernel rejected_tokens_attended;
extern const attest_kernel block_table_kept;
extern const attest_kernel third_part_wrong_stride;

}  // namespace attest::kernels::planted
