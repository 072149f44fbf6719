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
// Around the whole range: what a call keeps there is not beside anything else.
constexpr std::size_t kGuard = std::size_t{64} << 10;

}  // namespace

Arena::Arena(std::size_t capacity, Guards guards) : capacity_(capacity) {
  // Shared, so that a forked kernel process writes into the very memory that is checked afterwards.
  // Without reserve, so that capacity costs address space only.
  void* base = mmap(nullptr, capacity + 2 * kGuard, PROT_NONE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    throw SystemError(fmt::format("cannot reserve {} bytes of shared memory: {}", capacity,
                                  std::strerror(errno)));
  }
  base_ = static_cast<std::byte*>(base) + kGuard;
  if (mprotect(base_, capacity, PROT_READ | PROT_WRITE) != 0) {
    const int why = errno;
    munmap(base, capacity + 2 * kGuard);
    throw SystemError(fmt::format("cannot protect shared memory: {}", std::strerror(why)));
  }
  // Before any process is forked, so that all see them at one address.
  if (guards == Guards::kSlots) {
    std::optional<GuardedSlots> reserved = GuardedSlots::reserve();
    if (reserved) slots_.emplace(std::move(*reserved));
  }
  for (std::optional<SparseWindow>& window : windows_) {
    std::optional<SparseWindow> reserved = SparseWindow::reserve();
    if (reserved) window.emplace(std::move(*reserved));
  }
}

Arena::~Arena() { munmap(base_ - kGuard, capacity_ + 2 * kGuard); }

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
  if (slots_) slots_->reset();
  if (filled_ < kMostFilled) return;
  filled_ = 0;
  for (std::optional<SparseWindow>& window : windows_) {
    if (window) window->clear();
  }
}

std::optional<int> Arena::window_of(const void* address) const {
  for (int index = 0; index < kWindows; ++index) {
    const auto& window = windows_[static_cast<std::size_t>(index)];
    if (!window) continue;
    const auto base = reinterpret_cast<std::uintptr_t>(window->base());
    const auto offset = reinterpret_cast<std::uintptr_t>(address) - base;
    if (offset < SparseWindow::kBytes) return index;
  }
  return std::nullopt;
}

bool Arena::contains(const void* pointer, std::size_t bytes) const {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  return address >= base && bytes <= capacity_ && address - base <= capacity_ - bytes;
}

}  // namespace attest::kernels
