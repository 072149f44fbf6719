#include "kernels/arena.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

#include "problem/errors.h"

namespace attest::kernels {
namespace {

constexpr std::size_t kMostFilled = std::size_t{8} << 20;

}  // namespace

Arena::Arena(std::size_t capacity) : capacity_(capacity) {
  // Shared, so that a forked kernel process writes into the very memory that is checked afterwards.
  // Without reserve, so that capacity costs address space only.
  void* base = mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    throw SystemError(fmt::format("cannot reserve {} bytes of shared memory: {}", capacity,
                                  std::strerror(errno)));
  }
  base_ = static_cast<std::byte*>(base);
  // Before any process is forked, so that all see them at one address.
  for (std::optional<SparseWindow>& window : windows_) {
    std::optional<SparseWindow> reserved = SparseWindow::reserve();
    if (reserved) window.emplace(std::move(*reserved));
  }
}

Arena::~Arena() { munmap(base_, capacity_); }

std::byte* Arena::allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > 4096) {
    throw ContractError(
        fmt::format("arena: alignment {} is not a power of two up to 4096", alignment));
  }
  // base_ is aligned to a page, so offsets are as good as addresses.
  const std::size_t begin = (used_ + alignment - 1) & ~(alignment - 1);
  if (begin > capacity_ || bytes > capacity_ - begin) {
    throw ContractError(
        fmt::format("arena: {} bytes do not fit, {} of {} are in use", bytes, used_, capacity_));
  }
  used_ = begin + bytes;
  return base_ + begin;
}

void Arena::reset() {
  if (used_ > kKeep) madvise(base_ + kKeep, used_ - kKeep, MADV_REMOVE);  // if it cannot, it stays
  used_ = 0;
  if (filled_ < kMostFilled) return;
  filled_ = 0;
  for (std::optional<SparseWindow>& window : windows_) {
    if (window) window->clear();
  }
}

bool Arena::contains(const void* pointer, std::size_t bytes) const {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  return address >= base && bytes <= capacity_ && address - base <= capacity_ - bytes;
}

}  // namespace attest::kernels
