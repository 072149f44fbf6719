#include "kernels/shared_mark.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/mman.h>

#include "problem/errors.h"

namespace attest::kernels {

SharedMark::SharedMark() {
  // A page of its own, not a corner of the arena: there kernels write, and wrong ones anywhere.
  void* page = mmap(nullptr, sizeof(std::int32_t), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    throw SystemError(fmt::format("no shared memory for a kernel: {}", std::strerror(errno)));
  }
  mark_ = static_cast<std::int32_t*>(page);
}

SharedMark::~SharedMark() { munmap(mark_, sizeof(std::int32_t)); }

bool SharedMark::take() {
  return std::atomic_ref<std::int32_t>(*mark_).exchange(0, std::memory_order_relaxed) != 0;
}

}  // namespace attest::kernels
