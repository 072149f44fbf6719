/* The executor's handle for programs that load a kernel library and do not link it: dlsym these in
 * the library. Every library that holds kernels for the CPU exports them (attest_add_cuda_kernel).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Schedule of the launches that follow; forgets findings. `policy` is a simt::Policy, `horizon` the
 * number of random decisions before the rest runs in order. 0, or 1 if there is no such policy. */
int attest_simt_set_schedule(int32_t policy, uint64_t seed, uint32_t horizon);

/* Findings since then, each "kind: text" and a line break; empty: none. Writes at most `size` bytes
 * including a terminating 0; returns how long the whole text is. */
size_t attest_simt_findings(char* buffer, size_t size);

/* A number that is equal for equal schedules, and how many random decisions made it. */
uint64_t attest_simt_schedule_hash(void);
uint64_t attest_simt_random_decisions(void);

/* simt::announce() and simt::forget_announced(). */
void attest_simt_announce(const void* data, size_t bytes, int initialised, const char* name);
void attest_simt_forget_announced(void);

#ifdef __cplusplus
}
#endif
