// What code compiled with -fsanitize=thread calls, in the place of ThreadSanitizer's own runtime,
// and the memcpy and its kind of kernels in mode check (attest_add_cuda_kernel renames them).
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/simt/check/access.h"
#include "kernels/simt/check/checker.h"

namespace {

using attest::simt::check::AccessKind;

template <AccessKind kind>
inline void note(const void* p, std::size_t bytes, const void* caller) {
  using namespace attest::simt;  // NOLINT(google-build-using-namespace)
  if (check::active) check::look_at<kind>(p, bytes, check::code_of(caller));
}

}  // namespace

// All of these are called from a kernel's object in the same module, and from nowhere else.
#define ATTEST_TSAN extern "C" __attribute__((visibility("hidden"))) void
#define ATTEST_CALLER __builtin_return_address(0)

#define ATTEST_ACCESS(bytes)                                                                      \
  ATTEST_TSAN __tsan_read##bytes(void* p) { note<AccessKind::kRead>(p, bytes, ATTEST_CALLER); }   \
  ATTEST_TSAN __tsan_write##bytes(void* p) { note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER); } \
  ATTEST_TSAN __tsan_unaligned_read##bytes(void* p) {                                             \
    note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);                                             \
  }                                                                                               \
  ATTEST_TSAN __tsan_unaligned_write##bytes(void* p) {                                            \
    note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);                                            \
  }                                                                                               \
  ATTEST_TSAN __tsan_volatile_read##bytes(void* p) {                                              \
    note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);                                             \
  }                                                                                               \
  ATTEST_TSAN __tsan_volatile_write##bytes(void* p) {                                             \
    note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);                                            \
  }                                                                                               \
  ATTEST_TSAN __tsan_unaligned_volatile_read##bytes(void* p) {                                    \
    note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);                                             \
  }                                                                                               \
  ATTEST_TSAN __tsan_unaligned_volatile_write##bytes(void* p) {                                   \
    note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);                                            \
  }                                                                                               \
  ATTEST_TSAN __tsan_read_write##bytes(void* p) {                                                 \
    note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);                                             \
    note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);                                            \
  }                                                                                               \
  ATTEST_TSAN __tsan_unaligned_read_write##bytes(void* p) {                                       \
    note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);                                             \
    note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);                                            \
  }

ATTEST_ACCESS(1)
ATTEST_ACCESS(2)
ATTEST_ACCESS(4)
ATTEST_ACCESS(8)
ATTEST_ACCESS(16)

ATTEST_TSAN __tsan_init() {}
ATTEST_TSAN __tsan_func_entry(void*) {}
ATTEST_TSAN __tsan_func_exit() {}
ATTEST_TSAN __tsan_vptr_update(void**, void*) {}
ATTEST_TSAN __tsan_vptr_read(void**) {}
ATTEST_TSAN __tsan_read_range(void* p, unsigned long bytes) {
  if (bytes > 0) note<AccessKind::kRead>(p, bytes, ATTEST_CALLER);
}
ATTEST_TSAN __tsan_write_range(void* p, unsigned long bytes) {
  if (bytes > 0) note<AccessKind::kWrite>(p, bytes, ATTEST_CALLER);
}

// C++ atomics: of host code beside the kernel, such as guards of static variables.
#define ATTEST_ATOMIC_OPERATION(bits, name)                                          \
  extern "C" __attribute__((visibility("hidden")))                                   \
  std::uint##bits##_t __tsan_atomic##bits##_##name(volatile std::uint##bits##_t* p,  \
                                                   std::uint##bits##_t value, int) { \
    return __atomic_##name(p, value, __ATOMIC_SEQ_CST);                              \
  }
#define ATTEST_ATOMICS(bits)                                                                     \
  extern "C" __attribute__((visibility("hidden")))                                               \
  std::uint##bits##_t __tsan_atomic##bits##_load(const volatile std::uint##bits##_t* p, int) {   \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                 \
  }                                                                                              \
  ATTEST_TSAN __tsan_atomic##bits##_store(volatile std::uint##bits##_t* p,                       \
                                          std::uint##bits##_t value, int) {                      \
    __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                                                \
  }                                                                                              \
  extern "C" __attribute__((visibility("hidden")))                                               \
  std::uint##bits##_t __tsan_atomic##bits##_exchange(volatile std::uint##bits##_t* p,            \
                                                     std::uint##bits##_t value, int) {           \
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                                      \
  }                                                                                              \
  ATTEST_ATOMIC_OPERATION(bits, fetch_add)                                                       \
  ATTEST_ATOMIC_OPERATION(bits, fetch_sub)                                                       \
  ATTEST_ATOMIC_OPERATION(bits, fetch_and)                                                       \
  ATTEST_ATOMIC_OPERATION(bits, fetch_or)                                                        \
  ATTEST_ATOMIC_OPERATION(bits, fetch_xor)                                                       \
  extern "C"                                                                                     \
      __attribute__((visibility("hidden"))) int __tsan_atomic##bits##_compare_exchange_strong(   \
          volatile std::uint##bits##_t* p, std::uint##bits##_t* expected,                        \
          std::uint##bits##_t value, int, int) {                                                 \
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST,              \
                                       __ATOMIC_SEQ_CST)                                         \
               ? 1                                                                               \
               : 0;                                                                              \
  }                                                                                              \
  extern "C"                                                                                     \
      __attribute__((visibility("hidden"))) int __tsan_atomic##bits##_compare_exchange_weak(     \
          volatile std::uint##bits##_t* p, std::uint##bits##_t* expected,                        \
          std::uint##bits##_t value, int, int) {                                                 \
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST,              \
                                       __ATOMIC_SEQ_CST)                                         \
               ? 1                                                                               \
               : 0;                                                                              \
  }                                                                                              \
  extern "C" __attribute__((visibility("hidden")))                                               \
  std::uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                \
      volatile std::uint##bits##_t* p, std::uint##bits##_t expected, std::uint##bits##_t value,  \
      int, int) {                                                                                \
    __atomic_compare_exchange_n(p, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    return expected;                                                                             \
  }
ATTEST_ATOMICS(8)
ATTEST_ATOMICS(16)
ATTEST_ATOMICS(32)
ATTEST_ATOMICS(64)
ATTEST_TSAN __tsan_atomic_thread_fence(int) {}
ATTEST_TSAN __tsan_atomic_signal_fence(int) {}

// Struct copies and loops that the compiler recognises are calls, not instrumented accesses.
#define ATTEST_MEMORY extern "C" __attribute__((visibility("hidden"))) void*
ATTEST_MEMORY attest_simt_memcpy(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) {
    note<AccessKind::kRead>(from, bytes, ATTEST_CALLER);
    note<AccessKind::kWrite>(to, bytes, ATTEST_CALLER);
  }
  return std::memcpy(to, from, bytes);
}
ATTEST_MEMORY attest_simt_memmove(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) {
    note<AccessKind::kRead>(from, bytes, ATTEST_CALLER);
    note<AccessKind::kWrite>(to, bytes, ATTEST_CALLER);
  }
  return std::memmove(to, from, bytes);
}
ATTEST_MEMORY attest_simt_memset(void* to, int value, std::size_t bytes) {
  if (bytes > 0) note<AccessKind::kWrite>(to, bytes, ATTEST_CALLER);
  return std::memset(to, value, bytes);
}
