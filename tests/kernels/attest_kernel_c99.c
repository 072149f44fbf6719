/* Compiled as strict C99: the contract needs no C++ and no extension. Nothing of it runs. */
#include "attest_kernel.h"

typedef char abi_version_is_one[ATTEST_ABI_VERSION == 1u ? 1 : -1];
typedef char structs_begin_with_their_size[offsetof(attest_kernel, struct_size) == 0 &&
                                                   offsetof(attest_attend, struct_size) == 0 &&
                                                   offsetof(attest_merge, struct_size) == 0 &&
                                                   offsetof(attest_append, struct_size) == 0
                                               ? 1
                                               : -1];

static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  (void)self;
  (void)report;
  return call->o.data != NULL && call->batch >= 0 ? ATTEST_OK : ATTEST_FAILED;
}

static const attest_kernel kernel = {
    .struct_size = sizeof(attest_kernel),
    .operations = ATTEST_OP_ATTEND,
    .promises = ATTEST_PROMISE_RUN_TO_RUN,
    .name = "c99",
    .capabilities = {.struct_size = sizeof(attest_capabilities),
                     .q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32) | ATTEST_DTYPE_BIT(ATTEST_F64),
                     .layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD),
                     .features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_GRAPH,
                     .head_dim_qk = {.count = 2, .list = {64, 128}}},
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},
    .attend = attend};

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  *count = 1;
  return abi_version == ATTEST_ABI_VERSION ? &kernel : NULL;
}
