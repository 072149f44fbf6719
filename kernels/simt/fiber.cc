#include "kernels/simt/fiber.h"

#include <cstdint>

namespace attest::simt {

#ifdef ATTEST_SIMT_UCONTEXT

void make_fiber(Fiber& fiber, char* stack, std::size_t bytes, std::size_t offset, void (*entry)()) {
  fiber.stack = stack;
  fiber.stack_bytes = bytes;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack;
  fiber.context.uc_stack.ss_size = bytes - offset;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, entry, 0);
}

#else

// The registers a callee must preserve, by the System V ABI. Control words of the FPU are among
// them; kernels do not change those. It ends with ret, not a jump: all threads come back to the
// same place, so the processor's stack of return addresses stays right, here and in the callers.
asm(R"(
.text
.p2align 4
.globl attest_simt_switch
.hidden attest_simt_switch
.type attest_simt_switch,@function
attest_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size attest_simt_switch,.-attest_simt_switch
)");

void make_fiber(Fiber& fiber, char* stack, std::size_t bytes, std::size_t offset, void (*entry)()) {
  constexpr int kSavedRegisters = 6;
  fiber.stack = stack;
  fiber.stack_bytes = bytes;
  void** top = reinterpret_cast<void**>(stack + bytes - offset);
  *--top = nullptr;  // entry's return address: ends a debugger's walk, and aligns the stack
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  fiber.stack_pointer = top;
}

#endif

}  // namespace attest::simt
