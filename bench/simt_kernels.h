/* Primitives of kernels that bench_simt measures; its file is compiled in modes plain and check. */
#pragma once

enum SimtPrimitive { kEmptyBlock, kBarrier, kShuffle, kSharedLoad };

struct SimtBench {
  enum SimtPrimitive primitive;
  int threads;
  int repeats;
  float* out; /* [threads] */
};

#ifdef __cplusplus
extern "C" {
#endif
void simt_bench(const struct SimtBench* what);
void simt_bench_plain(const struct SimtBench* what);
void simt_bench_check(const struct SimtBench* what);
#ifdef __cplusplus
}
#endif
