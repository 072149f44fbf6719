/* A plug-in built against a shorter attest_kernel (as if append_attend did not exist yet) beside
 * one built against a longer one: the size that each declares is where the next kernel begins. */
#include "attest_kernel.h"

#if defined(LONGER)
typedef struct sized_kernel {
  attest_kernel known;
  void* later[3];
} sized_kernel;
#define SIZE sizeof(sized_kernel)
#else
typedef union sized_kernel {
  char bytes[offsetof(attest_kernel, append_attend)];
  uint64_t align;
} sized_kernel;
#define SIZE offsetof(attest_kernel, append_attend)
#endif

static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  return ATTEST_OK;
}

static sized_kernel kernels[2];

static void fill(sized_kernel* at, const char* name) {
  attest_kernel kernel = {.struct_size = SIZE, .operations = ATTEST_OP_ATTEND, .name = name};
  kernel.capabilities.struct_size = sizeof kernel.capabilities;
  kernel.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32);
  kernel.capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
  kernel.capabilities.features = ATTEST_FEATURE_CAUSAL;
  kernel.numerics.struct_size = sizeof kernel.numerics;
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.attend = attend;
  const char* from = (const char*)&kernel;
  for (size_t i = 0; i < SIZE && i < sizeof kernel; ++i) ((char*)at)[i] = from[i];
}

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  fill(&kernels[0], "first");
  fill(&kernels[1], "second");
  *count = 2;
  return (const attest_kernel*)kernels;
}
