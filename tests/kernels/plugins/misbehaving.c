/* Kernels that do what a kernel must not do, one misdeed each, and one that is innocent. */
#define _GNU_SOURCE
#undef NDEBUG
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest_kernel.h"

static attest_status innocent(void* self, const attest_attend* call, attest_report* report) {
  float* o = (float*)call->o.data;
  (void)self;
  for (int64_t i = 0; i < call->total_q; ++i) o[i] = 1.0f;
  strcpy(report->path, "innocent");
  return ATTEST_OK;
}

static attest_status refuses(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call;
  strcpy(report->message, "head_dim\033[31m 7 \n is odd");
  return ATTEST_REFUSED;
}

static attest_status odd_status(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call;
  memset(report->message, 'x', sizeof report->message); /* no terminating zero */
  memset(report->path, 'p', sizeof report->path);
  return 77;
}

static attest_status segfault(void* self, const attest_attend* call, attest_report* report) {
  static volatile intptr_t nowhere = 64; /* volatile: the compiler must not know */
  (void)self, (void)call, (void)report;
  *(volatile int*)nowhere = 1;
  return ATTEST_OK;
}

static attest_status aborts(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  abort();
}

/* As a call is lost that runs when another process faults: see kernels/gpu/service.h. */
static attest_status aborts_when_served(void* self, const attest_attend* call,
                                        attest_report* report) {
  if (getenv("CUDA_MPS_PIPE_DIRECTORY") != NULL) abort();
  return innocent(self, call, report);
}

/* As the same is lost where the process lives: the call fails once the file "broken" is there. */
static attest_status fails_when_broken(void* self, const attest_attend* call,
                                       attest_report* report) {
  const char* folder = getenv("CUDA_MPS_PIPE_DIRECTORY");
  char path[4096];
  if (folder == NULL) return innocent(self, call, report);
  snprintf(path, sizeof path, "%s/broken", folder);
  while (access(path, F_OK) != 0) usleep(1000);
  strcpy(report->message, "lost");
  return ATTEST_FAILED;
}

static attest_status exits(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  exit(0);
}

static attest_status loops(void* self, const attest_attend* call, attest_report* report) {
  volatile int forever = 1;
  (void)self, (void)call, (void)report;
  while (forever) usleep(1000);
  return ATTEST_OK;
}

static attest_status stops(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  raise(SIGSTOP);
  return ATTEST_OK;
}

static attest_status writes_input(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  ((char*)call->q.data)[3] ^= 1;
  return ATTEST_OK;
}

static attest_status closes_files(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  for (int file = 0; file < 1024; ++file) close(file);
  return ATTEST_OK;
}

static attest_status writes_files(void* self, const attest_attend* call, attest_report* report) {
  ssize_t written = 0;
  (void)self, (void)call, (void)report;
  for (int file = 3; file < 1024; ++file) written += write(file, "garbage", 7);
  return written > 1000000 ? ATTEST_FAILED : ATTEST_OK;
}

/* Reads, or writes, one byte of q, num_splits behind its first one. */
static attest_status peeks(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  return ((const volatile char*)call->q.data)[call->num_splits] == 99 ? ATTEST_FAILED : ATTEST_OK;
}
static attest_status pokes(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  ((volatile char*)call->q.data)[call->num_splits] = 99;
  return ATTEST_OK;
}

static attest_status wrecks_heap(void* self, const attest_attend* call, attest_report* report) {
  char* volatile block = malloc(100);
  (void)self, (void)call, (void)report;
  free(block);
  free(block);
  return ATTEST_OK;
}

static attest_status asserts(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)report;
  fputs("a word before\n", stderr);
  assert(call->batch > 7);
  return ATTEST_OK;
}

/* Not a tail call, whatever the optimiser thinks of it. */
static int recurse(volatile char* last, int depth) {
  volatile char frame[512];
  frame[0] = (char)depth;
  return depth < 0 ? 0 : recurse(frame, depth + 1) + last[0] + frame[0];
}
static attest_status recurses(void* self, const attest_attend* call, attest_report* report) {
  char first = 0;
  (void)self, (void)report;
  return recurse(&first, call->batch) == 12345 ? ATTEST_FAILED : ATTEST_OK;
}

/* Takes what malloc says for granted. */
static attest_status devours(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  for (int i = 0; i < 1000000; ++i) {
    volatile char* block = malloc(1 << 20);
    block[0] = 1;
  }
  return ATTEST_OK;
}

/* What lies in memory that it got and did not write, as o. */
static attest_status reads_fresh_heap(void* self, const attest_attend* call,
                                      attest_report* report) {
  float* volatile block = malloc(5000);
  (void)self, (void)report;
  ((float*)call->o.data)[0] = block[1000];
  free(block);
  return ATTEST_OK;
}

/* Both processes return. */
static attest_status forks(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  return fork() < 0 ? ATTEST_FAILED : ATTEST_OK;
}

/* Its own death goes unnoticed in the pipe, which the child it leaves behind keeps open. */
static attest_status forks_and_dies(void* self, const attest_attend* call, attest_report* report) {
  (void)self, (void)call, (void)report;
  if (fork() == 0) {
    for (;;) pause();
  }
  raise(SIGBUS);
  return ATTEST_OK;
}

/* How many calls this object has seen, as the number behind o. */
static attest_status create_counter(void** self, attest_report* report) {
  (void)report;
  *self = calloc(1, sizeof(int));
  return ATTEST_OK;
}
static void destroy_counter(void* self) { free(self); }
static attest_status counts(void* self, const attest_attend* call, attest_report* report) {
  (void)report;
  ((float*)call->o.data)[0] = (float)++*(int*)self;
  if (call->num_splits == 13) abort();
  return ATTEST_OK;
}

static attest_status create_fails(void** self, attest_report* report) {
  (void)self;
  strcpy(report->message, "out of luck");
  return ATTEST_FAILED;
}
static attest_status create_crashes(void** self, attest_report* report) {
  (void)self, (void)report;
  raise(SIGILL);
  return ATTEST_OK;
}

static attest_status plans(void* self, const attest_attend* call, attest_plan_result* result,
                           attest_report* report) {
  (void)self, (void)report;
  result->num_splits = call->num_splits == 0 ? 4 : call->num_splits;
  result->workspace_bytes = 1000;
  result->workspace_alignment = 256;
  return ATTEST_OK;
}
static attest_status plans_too_much(void* self, const attest_attend* call,
                                    attest_plan_result* result, attest_report* report) {
  (void)self, (void)call, (void)report;
  result->workspace_bytes = (size_t)1 << 60;
  return ATTEST_OK;
}
static attest_status plans_misaligned(void* self, const attest_attend* call,
                                      attest_plan_result* result, attest_report* report) {
  (void)self, (void)call, (void)report;
  result->workspace_alignment = 48;
  return ATTEST_OK;
}

static int32_t supports_even(const attest_attend* call) { return call->head_dim_qk % 2 == 0; }
static int32_t supports_crashes(const attest_attend* call) {
  (void)call;
  raise(SIGFPE);
  return 1;
}

ATTEST_EXPORT int32_t* attest_defect_mark;

static attest_status marks(void* self, const attest_attend* call, attest_report* report) {
  if (*(const float*)call->q.data == 0) *attest_defect_mark = 1;
  return innocent(self, call, report);
}

static attest_status marks_and_dies(void* self, const attest_attend* call, attest_report* report) {
  *attest_defect_mark = 1;
  return segfault(self, call, report);
}

static attest_status marks_and_loops(void* self, const attest_attend* call, attest_report* report) {
  *attest_defect_mark = 1;
  return loops(self, call, report);
}

#define KERNEL(kernel_name, function, ...)                                                     \
  {                                                                                            \
    .struct_size = sizeof(attest_kernel), .operations = ATTEST_OP_ATTEND, .name = kernel_name, \
    .capabilities = {.struct_size = sizeof(attest_capabilities),                               \
                     .q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32),                                 \
                     .layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS),                   \
                     .features = ATTEST_FEATURE_CAUSAL},                                       \
    .numerics = {.struct_size = sizeof(attest_numerics), .accumulate = ATTEST_F32},            \
    .attend = function, __VA_ARGS__                                                            \
  }

static const attest_kernel kKernels[] = {
    KERNEL("innocent", innocent, .description = "fills o\twith ones"),
    KERNEL("refuses", refuses, .promises = ATTEST_PROMISE_VALIDATES),
    KERNEL("odd_status", odd_status, .promises = 0),
    KERNEL("segfault", segfault, .promises = 0),
    KERNEL("peeks", peeks, .promises = 0),
    KERNEL("pokes", pokes, .promises = 0),
    KERNEL("wrecks_heap", wrecks_heap, .promises = 0),
    KERNEL("asserts", asserts, .promises = 0),
    KERNEL("recurses", recurses, .promises = 0),
    KERNEL("devours", devours, .promises = 0),
    KERNEL("reads_fresh_heap", reads_fresh_heap, .promises = 0),
    KERNEL("aborts", aborts, .promises = 0),
    KERNEL("aborts_when_served", aborts_when_served, .promises = 0),
    KERNEL("fails_when_broken", fails_when_broken, .promises = 0),
    KERNEL("exits", exits, .promises = 0),
    KERNEL("loops", loops, .promises = 0),
    KERNEL("stops", stops, .promises = 0),
    KERNEL("writes_input", writes_input, .promises = 0),
    KERNEL("closes_files", closes_files, .promises = 0),
    KERNEL("writes_files", writes_files, .promises = 0),
    KERNEL("forks", forks, .promises = 0),
    KERNEL("forks_and_dies", forks_and_dies, .promises = 0),
    KERNEL("counts", counts, .create = create_counter, .destroy = destroy_counter),
    KERNEL("create_fails", innocent, .create = create_fails),
    KERNEL("create_crashes", innocent, .create = create_crashes),
    KERNEL("marks", marks, .promises = 0),
    KERNEL("marks_and_dies", marks_and_dies, .promises = 0),
    KERNEL("marks_and_loops", marks_and_loops, .promises = 0),
    KERNEL("plans", innocent, .plan = plans),
    KERNEL("plans_too_much", innocent, .plan = plans_too_much),
    KERNEL("plans_misaligned", innocent, .plan = plans_misaligned),
    KERNEL("supports_even", innocent, .supports = supports_even),
    KERNEL("supports_crashes", innocent, .supports = supports_crashes),
};

const attest_kernel* attest_kernels(uint32_t abi_version, size_t* count) {
  if (abi_version != ATTEST_ABI_VERSION) return NULL;
  *count = sizeof kKernels / sizeof kKernels[0];
  return kKernels;
}
