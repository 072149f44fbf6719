/* Plug-ins that cannot be used, each for another reason: compiled once per reason,
 * -DREASON_<reason>. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "attest_kernel.h"

#if defined(REASON_crash_on_load)
__attribute__((constructor)) static void on_load(void) { raise(SIGSEGV); }
#elif defined(REASON_hang_on_load)
__attribute__((constructor)) static void on_load(void) {
  for (;;) pause();
}
#elif defined(REASON_exit_on_load)
__attribute__((constructor)) static void on_load(void) { _exit(3); }
#endif

#if !defined(REASON_no_symbol)

static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  return ATTEST_OK;
}

static attest_kernel kernels[2];

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
#if defined(REASON_other_abi)
  if (abi_version != ATTEST_ABI_VERSION + 1) return NULL;
#else
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
#endif
  attest_kernel* kernel = &kernels[0];
  kernel->struct_size = sizeof *kernel;
  kernel->operations = ATTEST_OP_ATTEND;
  kernel->name = "mine";
  kernel->capabilities.struct_size = sizeof kernel->capabilities;
  kernel->capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32);
  kernel->capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
  kernel->capabilities.features = ATTEST_FEATURE_CAUSAL;
  kernel->numerics.struct_size = sizeof kernel->numerics;
  kernel->numerics.accumulate = ATTEST_F32;
  kernel->attend = attend;
  *count = 1;
#if defined(REASON_no_kernels)
  *count = 0;
#elif defined(REASON_a_million_kernels)
  *count = 1000000;
#elif defined(REASON_zero_heads)
  kernel->capabilities.num_kv_heads.count = 1;
#elif defined(REASON_negative_head_dim)
  kernel->capabilities.head_dim_qk.min = -4;
#elif defined(REASON_no_function)
  kernel->attend = NULL;
#elif defined(REASON_bad_name)
  kernel->name = "Mine \033[31m";
#elif defined(REASON_tiny_struct)
  kernel->struct_size = 8;
#elif defined(REASON_same_name_twice)
  kernels[1] = kernels[0];
  *count = 2;
#elif defined(REASON_crash_when_asked)
  raise(SIGSEGV);
#endif
  return kernels;
}
#endif
