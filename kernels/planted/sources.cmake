# Paths relative to kernels/.
set(ATTEST_PLANTED_KERNEL_SOURCES
  planted/acc_not_rescaled.cc
  planted/both_empty_nan.cc
  planted/causal_top_left.cc
  planted/empty_row_unwritten.cc
  planted/finite_minus_infinity.cc
  planted/kv_end_ignores_prefix.cc
  planted/kv_head_modulo.cc
  planted/lse_log2_merged_as_ln.cc
  planted/one_page_too_many.cc
  planted/page_floor_drops_tail.cc
  planted/running_max_from_zero.cc
  planted/self_not_attended.cc
  planted/softcap_after_mask.cc
  planted/table_tail_read.cc
  planted/v_tail_not_zeroed.cc
  planted/window_off_by_one.cc)
