#include "kernels/builtin.h"

#include "kernels/cpu/kernels.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels {
namespace {

constexpr const attest_kernel* kKernels[] = {
    &cpu::dense_f32,
    &cpu::dense_f64,
    &cpu::dense_f16,
    &cpu::dense_bf16,
    &cpu::dense_bf16_e4m3,
    &cpu::paged_decode_f32,
    &cpu::paged_decode_f64,
    &cpu::prefill_query_outer_f32,
    &cpu::prefill_query_outer_f64,
    &cpu::prefill_key_outer_f32,
    &cpu::prefill_key_outer_f64,
    &cpu::sliding_window_f32,
    &cpu::sliding_window_f64,
    &cpu::split_kv_f32,
    &cpu::split_kv_f64,
    &cpu::ragged_batch_f32,
    &cpu::ragged_batch_f64,
    &cpu::append_f32,
    &cpu::append_f64,
    &cpu::merge_f32,
    &cpu::merge_f64,

    &planted::v_tail_not_zeroed,
    &planted::one_page_too_many,
    &planted::page_floor_drops_tail,
    &planted::table_tail_read,
    &planted::lse_log2_merged_as_ln,
    &planted::both_empty_nan,
    &planted::acc_not_rescaled,
    &planted::causal_top_left,
    &planted::kv_end_ignores_prefix,
    &planted::self_not_attended,
    &planted::window_off_by_one,
    &planted::softcap_after_mask,
    &planted::empty_row_unwritten,
    &planted::finite_minus_infinity,
    &planted::running_max_from_zero,
    &planted::kv_head_modulo,
    &planted::alibi_off_at_decode,
    &planted::alibi_sign,
    &planted::alibi_slope_exponent,
    &planted::bad_id_becomes_page_zero,
    &planted::bound_from_q_len,
    &planted::boundary_mask_skipped_when_tile_equals_page,
    &planted::chunk_sees_whole_length,
    &planted::combine_batch_stride_zero,
    &planted::combine_reads_empty_split,
    &planted::empty_lse_plus_inf,
    &planted::empty_split_nan,
    &planted::finite_lse_for_empty,
    &planted::group_for_count,
    &planted::k_tail_additive_mask,
    &planted::last_group_unbounded,
    &planted::loop_starts_at_chunk,
    &planted::lse_ln_merged_as_log2,
    &planted::lse_of_last_split,
    &planted::merge_in_place_alias,
    &planted::merge_without_max,
    &planted::page_index_per_outer_loop,
    &planted::page_wider_than_tile,
    &planted::prefix_lost_in_two_token_step,
    &planted::short_kv_tile_unmasked,
    &planted::sink_per_split,
    &planted::softcap_ignored,
    &planted::split_limit,
    &planted::split_remainder_lost,
    &planted::window_from_last_row,
    &planted::window_ignored_on_decode,
    &planted::window_ignored_on_prefix,
    &planted::window_tile_start_late,
};

}  // namespace

std::span<const attest_kernel* const> builtin_kernels() { return kKernels; }

}  // namespace attest::kernels
