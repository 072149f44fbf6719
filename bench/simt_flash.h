/* A flash prefill that bench_simt runs in modes plain and check: head size 32, causal, f32. */
#pragma once

struct SimtFlash {
  int heads;
  int length;
  const float* q; /* [heads, length, 32], as k, v and out */
  const float* k;
  const float* v;
  float* out;
};

#ifdef __cplusplus
extern "C" {
#endif
void simt_flash(const struct SimtFlash* call);
void simt_flash_plain(const struct SimtFlash* call);
void simt_flash_check(const struct SimtFlash* call);
#ifdef __cplusplus
}
#endif
