#include <cstddef>

#include "kernels/planted/cuda/kernels.h"

namespace planted = attest::kernels::planted;

extern "C" const attest_kernel* const* attest_planted_cuda(std::size_t* count) {
  static constexpr const attest_kernel* kKernels[] = {
      &planted::query_unsynced,         &planted::block_sum_unsynced,
      &planted::logits_unsynced,        &planted::logits_overwritten,
      &planted::logit_past_tile,        &planted::padding_logits_unwritten,
      &planted::unwritten_parts_summed, &planted::divergent_barrier,
      &planted::shuffle_in_branch,      &planted::unused_slots_weighed,
      &planted::warp_tree_unsynced,     &planted::unwritten_partitions_joined,
      &planted::full_mask_in_branch,    &planted::shuffle_outside_mask,
      &planted::partitions_share_slot,  &planted::length_of_capture,
      &planted::keys_read_past_end,     &planted::tile_unsynced,
      &planted::row_past_tile,          &planted::weights_unsynced,
      &planted::tile_overwritten,       &planted::lost_updates,
      &planted::tile_rows_kept,         &planted::reduction_buffer_reused,
      &planted::sum_of_thread_zero,     &planted::block_counter_kept,
  };
  *count = sizeof(kKernels) / sizeof(kKernels[0]);
  return kKernels;
}
