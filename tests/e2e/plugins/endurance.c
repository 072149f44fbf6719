/* Naive attention over a contiguous f32 cache that is right nearly always. By the contents of q a
 * call ends in a segfault (1 in 100), an endless loop (1 in 1,000), a wrong number (1 in 100) or a
 * heap that is wrecked (1 in 1,000). */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest_kernel.h"

static uint64_t hash_of(const attest_attend* call) {
  const unsigned char* bytes = (const unsigned char*)call->q.data;
  const size_t count =
      (size_t)(call->total_q * call->num_q_heads * call->head_dim_qk) * sizeof(float);
  uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)call->max_kv_len;
  for (size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9u;
  return hash ^ (hash >> 32);
}

static float* row_of(const attest_tensor* tensor, int64_t row, int64_t head) {
  return (float*)tensor->data + row * tensor->stride[0] + head * tensor->stride[1];
}

static void attend_row(const attest_attend* call, int64_t row, int32_t head, int64_t first_key,
                       int64_t num_keys) {
  const int32_t kv_head = head / (call->num_q_heads / call->num_kv_heads);
  const float* q = row_of(&call->q, row, head);
  float* o = row_of(&call->o, row, head);
  float* scores = malloc((size_t)(num_keys + 1) * sizeof(float));
  float max = -INFINITY, sum = 0;
  for (int64_t key = 0; key < num_keys; ++key) {
    const float* k = row_of(&call->k, first_key + key, kv_head);
    scores[key] = 0;
    for (int32_t d = 0; d < call->head_dim_qk; ++d) scores[key] += q[d] * k[d];
    scores[key] *= (float)call->scale;
    max = fmaxf(max, scores[key]);
  }
  for (int32_t d = 0; d < call->head_dim_v; ++d) o[d] = 0;
  for (int64_t key = 0; key < num_keys; ++key) {
    const float* v = row_of(&call->v, first_key + key, kv_head);
    const float weight = expf(scores[key] - max);
    sum += weight;
    for (int32_t d = 0; d < call->head_dim_v; ++d) o[d] += weight * v[d];
  }
  for (int32_t d = 0; d < call->head_dim_v && num_keys > 0; ++d) o[d] /= sum;
  if (call->lse.data != NULL) {
    *row_of(&call->lse, row, head) = num_keys > 0 ? max + logf(sum) : -INFINITY;
  }
  free(scores);
}

/* Kept from call to call. */
static char* volatile scratch;

static attest_status attend(void* self, const attest_attend* call, attest_report* report) {
  const uint64_t fate = hash_of(call) % 1000;
  (void)self, (void)report;
  if (fate < 10) *(volatile int*)(intptr_t)fate = 1;
  while (fate == 10) usleep(1000);
  free(scratch);
  scratch = malloc(600);
  for (int32_t b = 0; b < call->batch; ++b) {
    const int64_t first_row = call->cu_seqlens_q.host[b];
    const int64_t q_len = call->cu_seqlens_q.host[b + 1] - first_row;
    for (int64_t i = 0; i < q_len; ++i) {
      const int64_t position = (int64_t)call->start_pos.host[b] + i;
      int64_t num_keys = call->kv_len.host[b];
      if (call->causal && position + 1 < num_keys) num_keys = position + 1;
      for (int32_t head = 0; head < call->num_q_heads; ++head) {
        attend_row(call, first_row + i, head, call->cu_seqlens_k.host[b], num_keys);
      }
    }
  }
  /* The size of the block is overwritten: free() notices it in the next call. */
  if (fate == 11) memset(scratch - 8, 0x5a, 8);
  if (fate >= 20 && fate < 30 && call->total_q > 0) *row_of(&call->o, 0, 0) += 1e3f;
  return ATTEST_OK;
}

static const attest_kernel kernels[] = {{
    .struct_size = sizeof(attest_kernel),
    .operations = ATTEST_OP_ATTEND,
    .promises = ATTEST_PROMISE_RUN_TO_RUN | ATTEST_PROMISE_BATCH_INVARIANT,
    .name = "test/endurance",
    .description = "right nearly always",
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
    .conventions = {.struct_size = sizeof(attest_conventions)},
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},
    .attend = attend,
}};

ATTEST_EXPORT const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  *count = sizeof kernels / sizeof kernels[0];
  return kernels;
}
