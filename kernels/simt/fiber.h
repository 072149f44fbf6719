// A context of execution with a stack of its own, switched without the kernel's help: 19 registers
// and 10 ns on x86-64. Elsewhere, or with ATTEST_SIMT_UCONTEXT, swapcontext does it 20 times
// slower.
#pragma once

#include <cstddef>

#include "kernels/simt/sanitizer.h"

#if !defined(__x86_64__) && !defined(ATTEST_SIMT_UCONTEXT)
#define ATTEST_SIMT_UCONTEXT 1
#endif
#ifdef ATTEST_SIMT_UCONTEXT
#include <ucontext.h>
#endif

namespace attest::simt {

struct Fiber {
#ifdef ATTEST_SIMT_UCONTEXT
  ucontext_t context = {};
#else
  void* stack_pointer = nullptr;
#endif
  const void* stack = nullptr;  ///< lowest address; null of the thread that runs fibers: unknown
  std::size_t stack_bytes = 0;
  void* fake_stack = nullptr;  ///< AddressSanitizer's
};

#ifndef ATTEST_SIMT_UCONTEXT
extern "C" void attest_simt_switch(void** save, void* load);
#endif

/// Makes `fiber` begin with entry(), which must never return and must call arrived() first.
/// `offset` (a multiple of 64): bytes left free at the top, so that the stacks' hot ends do not all
/// share one cache set.
void make_fiber(Fiber& fiber, char* stack, std::size_t bytes, std::size_t offset, void (*entry)());

/// First thing on a new fiber. `from` learns the bounds of the stack that was left, if it is the
/// host's.
ATTEST_SIMT_NO_ASAN inline void arrived(Fiber& host) {
  if (!sanitizer::present()) return;
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
  if (host.stack == nullptr) {
    host.stack = bottom;
    host.stack_bytes = size;
  }
}

/// Saves this context in `from` and goes on in `to`. `last`: nobody will come back to `from`.
ATTEST_SIMT_NO_ASAN inline void switch_fiber(Fiber& from, Fiber& to, bool last = false) {
  if (sanitizer::present()) {
    __sanitizer_start_switch_fiber(last ? nullptr : &from.fake_stack, to.stack, to.stack_bytes);
  }
#ifdef ATTEST_SIMT_UCONTEXT
  swapcontext(&from.context, &to.context);
#else
  attest_simt_switch(&from.stack_pointer, to.stack_pointer);
#endif
  if (sanitizer::present()) __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
}

}  // namespace attest::simt
