#include "kernels/sparse_window.h"

#include <array>

#include <sys/mman.h>

namespace attest::kernels {
namespace {

constexpr std::size_t kAround = SparseWindow::kGiB;
constexpr std::array<std::size_t, 5> kIslands = {
    0,
    2 * kAround - SparseWindow::kLead,
    4 * kAround - SparseWindow::kLead,
    8 * kAround - SparseWindow::kLead,
    16 * kAround - SparseWindow::kLead,
};

}  // namespace

std::optional<SparseWindow> SparseWindow::reserve() {
  // Private and read-only: no system counts it as memory, and a read maps the page of zeros.
  void* base = mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return std::nullopt;
  SparseWindow window(static_cast<std::byte*>(base));
  for (const std::size_t island : kIslands) {
    void* shared = mmap(window.base_ + island, kIsland, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (shared == MAP_FAILED) return std::nullopt;
  }
  madvise(base, kBytes, MADV_DONTDUMP);
  return window;
}

SparseWindow::~SparseWindow() {
  if (base_ != nullptr) munmap(base_, kBytes);
}

std::span<const std::size_t> SparseWindow::islands() { return kIslands; }

bool SparseWindow::in_island(std::size_t offset, std::size_t bytes) {
  for (const std::size_t island : kIslands) {
    if (offset >= island && bytes <= kIsland && offset - island <= kIsland - bytes) return true;
  }
  return false;
}

void SparseWindow::clear() {
  for (const std::size_t island : kIslands) madvise(base_ + island, kIsland, MADV_REMOVE);
}

}  // namespace attest::kernels
