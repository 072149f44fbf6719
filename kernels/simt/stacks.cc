#include "kernels/simt/stacks.h"

#include <unistd.h>

#include <sys/mman.h>

#include "kernels/simt/limits.h"
#include "kernels/simt/sanitizer.h"

namespace attest::simt {

bool Stacks::provide(int count) {
  if (base_ == nullptr) {
    // Under AddressSanitizer frames grow by red zones.
    const std::size_t stack = (sanitizer::present() ? 256 : 128) * std::size_t{1024};
    guard_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    step_ = stack + guard_;
    const std::size_t wanted = step_ * kMaxThreads;
    void* memory =
        mmap(nullptr, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    base_ = static_cast<char*>(memory);
    reserved_ = wanted;
  }
  for (; usable_ < count; ++usable_) {
    if (mprotect(lowest(usable_), bytes(), PROT_READ | PROT_WRITE) != 0) return false;
  }
  return true;
}

void Stacks::forget_frames() {
  for (int i = 0; i < usable_; ++i) sanitizer::unpoison(lowest(i), bytes());
}

}  // namespace attest::simt
