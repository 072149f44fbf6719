// AddressSanitizer, if the program has it. The runtime itself need not be compiled with it: kernels
// in mode asan, or a whole program, bring it in, and these symbols are null otherwise.
#pragma once

#include <cstddef>

#define ATTEST_SIMT_WEAK __attribute__((weak))
#define ATTEST_SIMT_NO_ASAN __attribute__((no_sanitize("address")))

extern "C" {
ATTEST_SIMT_WEAK void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                                     std::size_t size);
ATTEST_SIMT_WEAK void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom,
                                                      std::size_t* size);
ATTEST_SIMT_WEAK void __asan_poison_memory_region(const volatile void* p, std::size_t size);
ATTEST_SIMT_WEAK void __asan_unpoison_memory_region(const volatile void* p, std::size_t size);
ATTEST_SIMT_WEAK void __asan_set_error_report_callback(void (*callback)(const char*));
}

namespace attest::simt::sanitizer {

inline bool present() { return __sanitizer_start_switch_fiber != nullptr; }

inline void poison(const void* p, std::size_t size) {
  if (__asan_poison_memory_region != nullptr) __asan_poison_memory_region(p, size);
}
inline void unpoison(const void* p, std::size_t size) {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(p, size);
}

}  // namespace attest::simt::sanitizer
