// Deliberately wrong CUDA kernels, run by the SIMT executor: a correct one of kernels/cuda with one
// step replaced, declared like the correct one. Most defects are those of threads. Files are by the
// kernel they were made from; each defect says where it was seen and what should find it.
#pragma once

#include <cstddef>

#include "kernels/attest_kernel.h"

namespace attest::kernels::planted {

// paged_attention.cu
extern const attest_kernel query_unsynced;
extern const attest_kernel block_sum_unsynced;
extern const attest_kernel logits_unsynced;
extern const attest_kernel logits_overwritten;
extern const attest_kernel logit_past_tile;
extern const attest_kernel padding_logits_unwritten;
extern const attest_kernel unwritten_parts_summed;
extern const attest_kernel divergent_barrier;
extern const attest_kernel shuffle_in_branch;
extern const attest_kernel unused_slots_weighed;
extern const attest_kernel warp_tree_unsynced;
extern const attest_kernel unwritten_partitions_joined;
extern const attest_kernel full_mask_in_branch;
extern const attest_kernel shuffle_outside_mask;
extern const attest_kernel partitions_share_slot;
extern const attest_kernel length_of_capture;

// flash_prefill.cu
extern const attest_kernel keys_read_past_end;
extern const attest_kernel tile_unsynced;
extern const attest_kernel row_past_tile;
extern const attest_kernel weights_unsynced;
extern const attest_kernel tile_overwritten;
extern const attest_kernel lost_updates;
extern const attest_kernel tile_rows_kept;

// others.cu
extern const attest_kernel reduction_buffer_reused;
extern const attest_kernel sum_of_thread_zero;
extern const attest_kernel block_counter_kept;

}  // namespace attest::kernels::planted

// All of them in one mode of their build. Each is meant to be used in one: mode check where nothing
// else can see the defect.
extern "C" {
const attest_kernel* const* attest_planted_cuda_plain(std::size_t* count);
const attest_kernel* const* attest_planted_cuda_check(std::size_t* count);
}
