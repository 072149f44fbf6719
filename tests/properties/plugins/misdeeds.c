/* Kernels over a contiguous f32 cache, one misdeed each. */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "attest_kernel.h"

static void zero_outputs(const attest_attend* call) {
  const size_t rows = (size_t)call->total_q * (size_t)call->num_q_heads;
  memset(call->o.data, 0, rows * (size_t)call->head_dim_v * sizeof(float));
}

static attest_status crashes(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  raise(SIGSEGV);
  return ATTEST_OK;
}
static attest_status hangs(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  for (;;) pause();
  return ATTEST_OK;
}
static attest_status refuses(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call;
  strcpy(report->message, "not today");
  return ATTEST_REFUSED;
}
static attest_status fails(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call;
  strcpy(report->message, "out of luck");
  return ATTEST_FAILED;
}
static attest_status writes_before(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  zero_outputs(call);
  ((volatile unsigned char*)call->o.data)[-3] ^= 1;
  return ATTEST_OK;
}
static attest_status writes_input(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  zero_outputs(call);
  ((unsigned char*)call->k.data)[5] ^= 1;
  return ATTEST_OK;
}
static attest_status writes_nothing(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  return ATTEST_OK;
}
static attest_status writes_zeros(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  zero_outputs(call);
  return ATTEST_OK;
}

#define KERNEL(kernel_name, function)                                                          \
  {                                                                                            \
    .struct_size = sizeof(attest_kernel), .operations = ATTEST_OP_ATTEND, .name = kernel_name, \
    .capabilities = {.struct_size = sizeof(attest_capabilities),                               \
                     .q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32),                                 \
                     .layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS),                   \
                     .features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL},           \
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},            \
    .attend = function                                                                         \
  }

static const attest_kernel kKernels[] = {
    KERNEL("crashes", crashes),
    KERNEL("hangs", hangs),
    KERNEL("refuses", refuses),
    KERNEL("fails", fails),
    KERNEL("writes_before", writes_before),
    KERNEL("writes_input", writes_input),
    KERNEL("writes_nothing", writes_nothing),
    KERNEL("writes_zeros", writes_zeros),
};

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  *count = sizeof kKernels / sizeof kKernels[0];
  return kKernels;
}
