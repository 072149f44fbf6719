// Family padding: memory that belongs to no visible token is inaudible.
#include "properties/audible.h"
#include "properties/families.h"
#include "properties/generate.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::PoisonPlace;
using problem::Verdict;

Verdict check_padding(const Case& value, Harness& harness) {
  return check_inaudible(harness.scene(value), value.poisons, harness);
}

bool attends_slots(const kernels::KernelInfo& info) {
  return can_attend(info) && info.conventions.unused_slots != ATTEST_SLOTS_ZERO;
}
bool attends_paged_slots(const kernels::KernelInfo& info) {
  return is_paged_kernel(info) && info.conventions.unused_slots != ATTEST_SLOTS_ZERO;
}
bool has_workspace(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has_plan &&
         info.conventions.workspace_before == ATTEST_WORKSPACE_ANYTHING;
}
bool takes_any_output(const kernels::KernelInfo& info) {
  return can_attend(info) && info.conventions.output_before == ATTEST_OUTPUT_ANYTHING;
}

}  // namespace

std::span<const Property> padding_family() {
  static const Property family[] = {
      {.id = "padding.page_tail",
       .claim = "slots past kv_len in the last page (or the room after a sequence) are inaudible",
       .kills = "v_tail_not_zeroed, one_page_too_many, k_tail_additive_mask, "
                "boundary_mask_skipped_when_tile_equals_page, short_kv_tile_unmasked, "
                "last_group_unbounded, unused_slots_weighed, unwritten_partitions_joined, "
                "partitions_share_slot",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_slots,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.poison = {PoisonPlace::kPageTail}});
           },
       .check = check_padding},
      {.id = "padding.free_pages",
       .claim = "pages that no sequence names are inaudible",
       .kills = "one_page_too_many, table_tail_read",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_paged_slots,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.paged = true, .poison = {PoisonPlace::kFreePages}});
           },
       .check = check_padding},
      {.id = "padding.table_tail",
       .claim = "block table entries past the used prefix are inaudible",
       .kills = "table_tail_read, one_page_too_many, bad_id_becomes_page_zero",
       .file = __FILE__,
       .line = __LINE__,
       .applies = is_paged_kernel,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.paged = true, .poison = {PoisonPlace::kTableTail}});
           },
       .check = check_padding},
      {.id = "padding.workspace",
       .claim = "what the workspace held before the run is inaudible",
       .kills = "combine_reads_empty_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_workspace,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.poison = {PoisonPlace::kWorkspace}});
           },
       .check = check_padding},
      {.id = "padding.output",
       .claim = "what the outputs held before the run is inaudible",
       .kills = "empty_row_unwritten",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_any_output,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.empties = true, .poison = {PoisonPlace::kOutput}});
           },
       .check = check_padding},
  };
  return family;
}

}  // namespace attest::properties
