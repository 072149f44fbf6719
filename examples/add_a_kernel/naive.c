/* The smallest kernel plug-in worth testing: naive f32 attention over a contiguous cache, causal or
 * not. Copy it, replace attend() with a call of your kernel, and declare what your kernel does. */
#include <math.h>

#include "attest_kernel.h"

/* Tensors are packed: the declaration below does not have ATTEST_FEATURE_STRIDES. */
static const float* row_of(const attest_tensor* tensor, int64_t row, int64_t head) {
  return (const float*)tensor->data + row * tensor->stride[0] + head * tensor->stride[1];
}

static float score(const attest_attend* call, const float* q, const float* k) {
  float sum = 0;
  for (int32_t d = 0; d < call->head_dim_qk; ++d) sum += q[d] * k[d];
  return (float)call->scale * sum;
}

/* One query row of one head over keys [0, num_keys) of a sequence whose keys start at first_key. */
static void attend_row(const attest_attend* call, int64_t row, int32_t head, int64_t first_key,
                       int64_t num_keys) {
  const int32_t kv_head = head / (call->num_q_heads / call->num_kv_heads);
  const float* q = row_of(&call->q, row, head);
  float* o = (float*)row_of(&call->o, row, head);
  float max = -INFINITY;
  float sum = 0;

  for (int64_t key = 0; key < num_keys; ++key) {
    max = fmaxf(max, score(call, q, row_of(&call->k, first_key + key, kv_head)));
  }
  for (int32_t d = 0; d < call->head_dim_v; ++d) o[d] = 0;
  for (int64_t key = 0; key < num_keys; ++key) {
    const float* v = row_of(&call->v, first_key + key, kv_head);
    const float weight = expf(score(call, q, row_of(&call->k, first_key + key, kv_head)) - max);
    sum += weight;
    for (int32_t d = 0; d < call->head_dim_v; ++d) o[d] += weight * v[d];
  }
  if (num_keys > 0) {
    for (int32_t d = 0; d < call->head_dim_v; ++d) o[d] /= sum;
  }
  if (call->lse.data != NULL) {
    *(float*)row_of(&call->lse, row, head) = num_keys > 0 ? max + logf(sum) : -INFINITY;
  }
}

static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  (void)self;
  (void)report;
  for (int32_t b = 0; b < call->batch; ++b) {
    const int64_t first_row = call->cu_seqlens_q.host[b];
    const int64_t q_len = call->cu_seqlens_q.host[b + 1] - first_row;
    const int64_t kv_len = call->kv_len.host[b];
    for (int64_t i = 0; i < q_len; ++i) {
      const int64_t position = (int64_t)call->start_pos.host[b] + i;
      int64_t num_keys = kv_len;
      if (call->causal && position + 1 < num_keys) num_keys = position + 1;
      for (int32_t head = 0; head < call->num_q_heads; ++head) {
        attend_row(call, first_row + i, head, call->cu_seqlens_k.host[b], num_keys);
      }
    }
  }
  return ATTEST_OK;
}

static const attest_kernel kernels[] = {{
    .struct_size = sizeof(attest_kernel),
    .operations = ATTEST_OP_ATTEND,
    .promises = ATTEST_PROMISE_RUN_TO_RUN | ATTEST_PROMISE_BATCH_INVARIANT,
    .name = "example/naive_f32",
    .description = "naive attention over a contiguous cache, causal or not",
    .capabilities =
        {
            .struct_size = sizeof(attest_capabilities),
            .device = ATTEST_CPU,
            .q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32),
            .layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS),
            .features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL |
                        ATTEST_FEATURE_START_POS | ATTEST_FEATURE_LSE | ATTEST_FEATURE_EMPTY_KV |
                        ATTEST_FEATURE_EMPTY_Q | ATTEST_FEATURE_Q_LONGER | ATTEST_FEATURE_RAGGED |
                        ATTEST_FEATURE_HEAD_DIM_V,
            .head_dim_qk = {.min = 1, .max = 256},
            .head_dim_v = {.min = 1, .max = 256},
            .num_kv_heads = {.min = 1},
            .group = {.min = 1},
            .q_len = {.min = 1},
            .kv_len = {.min = 1},
            .batch = {.min = 1},
        },
    .conventions = {.struct_size = sizeof(attest_conventions)}, /* zero: attest's own meaning */
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},
    .attend = attend,
}};

ATTEST_EXPORT const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  *count = sizeof kernels / sizeof kernels[0];
  return kernels;
}
