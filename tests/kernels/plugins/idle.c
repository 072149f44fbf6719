/* A kernel that gets no core as long as anybody else wants the one that it sits on. */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

#include "attest_kernel.h"

static void sit_on_the_first_core(void) {
  const struct sched_param lowest = {0};
  cpu_set_t cores, first;
  sched_getaffinity(0, sizeof cores, &cores);
  CPU_ZERO(&first);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &cores)) continue;
    CPU_SET(core, &first);
    break;
  }
  sched_setaffinity(0, sizeof first, &first);
  sched_setscheduler(0, SCHED_IDLE, &lowest);
}

static int64_t microseconds(void) {
  struct timespec used = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* Computes for num_splits milliseconds of its own time; without any: for ever. */
static attest_status computes(void* self, const attest_attend* call, attest_report* report) {
  const int64_t start = microseconds();
  (void)self, (void)report;
  sit_on_the_first_core();
  while (call->num_splits == 0 || microseconds() - start < call->num_splits * 1000) {
  }
  *(float*)call->o.data = 1.0f;
  return ATTEST_OK;
}

static const attest_kernel kKernel = {
    .struct_size = sizeof(attest_kernel),
    .operations = ATTEST_OP_ATTEND,
    .name = "idle",
    .capabilities = {.struct_size = sizeof(attest_capabilities),
                     .q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32),
                     .layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS),
                     .features = ATTEST_FEATURE_CAUSAL},
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},
    .attend = computes,
};

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  *count = 1;
  return &kKernel;
}
