#include "kernels/builtin.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernels.h"
#include "kernels/cuda/kernels.h"
#include "kernels/planted/cuda/kernels.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels {
namespace {

constexpr const attest_kernel* kCpu[] = {
    &cpu::dense_f32,
    &cpu::dense_f64,
    &cpu::dense_f16,
    &cpu::dense_bf16,
    &cpu::dense_bf16_e4m3,
    &cpu::dense_e4m3,
    &cpu::dense_csr_f32,
    &cpu::paged_decode_f32,
    &cpu::paged_decode_f64,
    &cpu::paged_decode_f16,
    &cpu::paged_decode_f16_e5m2,
    &cpu::paged_decode_bf16_e4m3,
    &cpu::prefill_query_outer_f32,
    &cpu::prefill_query_outer_f64,
    &cpu::prefill_query_outer_bf16,
    &cpu::prefill_key_outer_f32,
    &cpu::prefill_key_outer_f64,
    &cpu::prefill_key_outer_f16,
    &cpu::prefill_key_outer_e4m3,
    &cpu::sliding_window_f32,
    &cpu::sliding_window_f64,
    &cpu::sliding_window_bf16,
    &cpu::split_kv_f32,
    &cpu::split_kv_f64,
    &cpu::split_kv_bf16,
    &cpu::ragged_batch_f32,
    &cpu::ragged_batch_f64,
    &cpu::ragged_batch_bf16_e4m3,
    &cpu::append_f32,
    &cpu::append_f64,
    &cpu::append_f16,
    &cpu::append_bf16_e4m3,
    &cpu::append_f16_e5m2,
    &cpu::append_attend_f32,
    &cpu::append_attend_bf16,
    &cpu::merge_f32,
    &cpu::merge_f64,
    &cpu::merge_f16,
    &cpu::tiled_prefill_f32,
    &cpu::tiled_prefill_f16,
    &cpu::tree_verify_f32,
    &cpu::tree_verify_bf16,
    &cpu::cascade_f32,
    &cpu::cascade_f16,
    &cpu::threaded_decode_f32,
    &cpu::threaded_decode_bf16,
    &cpu::mla_decode_f32,
    &cpu::mla_decode_bf16,
    &cpu::paged_attention_v1_f32,
    &cpu::paged_attention_v1_f16,
    &cpu::paged_attention_v1_bf16_e4m3,
    &cpu::paged_attention_v2_f32,
    &cpu::paged_attention_v2_f16,
};

constexpr const attest_kernel* kPlanted[] = {
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
    &planted::rotary_position_of_chunk,
    &planted::rotary_all_lanes,
    &planted::new_keys_not_turned,
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
    &planted::long_window_refused,
    &planted::negative_slot_wraps,
    &planted::neighbour_page,
    &planted::page_size_hard_coded,
    &planted::right_window_clamped,
    &planted::window_accepted_without_support,
    &planted::stale_tile_rows,
    &planted::mask_survives_call,
    &planted::zero_length_writes,
    &planted::thread_zero_only,
    &planted::counter_not_reset,
    &planted::splits_from_batch_size,
    &planted::tree_window_by_index,
    &planted::append_past_capacity,
    &planted::fp8_p_underflows,
    &planted::half_accumulation,
    &planted::head_dim_truncated,
    &planted::int16_column,
    &planted::int32_page_offset,
    &planted::last_stride_assumed,
    &planted::output_stride_wrong,
    &planted::padded_lanes_read,
    &planted::scale_from_padded_dim,
    &planted::scale_of_head_zero,
    &planted::v_scale_dropped,
    &planted::x_split_order,
    &planted::first_tile_fully_masked_nan,
    &planted::noncausal_skips_boundary_mask,
    &planted::rejected_tokens_attended,
    &planted::block_table_kept,
    &planted::third_part_wrong_stride,
};

// Defects that only mode check can see: what they do wrong has no effect on the executor.
constexpr std::string_view kSeenInCheckOnly[] = {
    "planted/padding_logits_unwritten",
    "planted/keys_read_past_end",
    "planted/weights_unsynced",
    "planted/lost_updates",
};

using List = const attest_kernel* const* (*)(std::size_t* count);

std::span<const attest_kernel* const> listed(List list) {
  std::size_t count = 0;
  const attest_kernel* const* first = list(&count);
  return {first, count};
}

bool seen_in_check_only(const attest_kernel& kernel) {
  return std::find(std::begin(kSeenInCheckOnly), std::end(kSeenInCheckOnly), kernel.name) !=
         std::end(kSeenInCheckOnly);
}

/// CUDA code on the SIMT executor: correct kernels in both modes, planted ones in the one that sees
/// their defect.
std::vector<const attest_kernel*> collect_executed() {
  std::vector<const attest_kernel*> all;
  for (const List list : {&attest_cuda_kernels_plain, &attest_cuda_kernels_check}) {
    const auto kernels = listed(list);
    all.insert(all.end(), kernels.begin(), kernels.end());
  }
  for (const attest_kernel* kernel : listed(&attest_planted_cuda_plain)) {
    if (!seen_in_check_only(*kernel)) all.push_back(kernel);
  }
  for (const attest_kernel* kernel : listed(&attest_planted_cuda_check)) {
    if (seen_in_check_only(*kernel)) all.push_back(kernel);
  }
  return all;
}

const std::vector<const attest_kernel*>& executed() {
  static const std::vector<const attest_kernel*> all = collect_executed();
  return all;
}

std::vector<const attest_kernel*> collect() {
  std::vector<const attest_kernel*> all(std::begin(kCpu), std::end(kCpu));
#if defined(ATTEST_HAVE_CUDA)
  const auto cuda = listed(&attest_cuda_kernels_cuda);
  all.insert(all.end(), cuda.begin(), cuda.end());
#endif
  all.insert(all.end(), std::begin(kPlanted), std::end(kPlanted));
  all.insert(all.end(), executed().begin(), executed().end());
  return all;
}

}  // namespace

std::span<const attest_kernel* const> builtin_kernels() {
  static const std::vector<const attest_kernel*> all = collect();
  return all;
}

bool runs_on_executor(const attest_kernel& kernel) {
  // One pointer: copies of a declaration keep it.
  return std::any_of(executed().begin(), executed().end(),
                     [&kernel](const attest_kernel* other) { return other->name == kernel.name; });
}

}  // namespace attest::kernels
