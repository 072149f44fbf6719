# Paths relative to kernels/.
set(ATTEST_CPU_KERNEL_SOURCES
  cpu/append.cc
  cpu/dense.cc
  cpu/mask.cc
  cpu/merge.cc
  cpu/paged_decode.cc
  cpu/prefill_key_outer.cc
  cpu/prefill_query_outer.cc
  cpu/ragged_batch.cc
  cpu/sliding_window.cc
  cpu/split_kv.cc
  cpu/validate.cc)
