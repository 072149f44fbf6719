#include "kernels/guarded_slots.h"

#include <algorithm>
#include <utility>

#include <sys/mman.h>

namespace attest::kernels {
namespace {

constexpr std::size_t kLead = std::size_t{4} << 20;

}  // namespace

GuardedSlots::GuardedSlots(std::byte* base) : base_(base) {
  std::byte* next = base + kLead;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    first_[i] = next;
    next += kSizes[i].count * stride_of(kSizes[i].bytes);
  }
}

namespace {

template <typename Sizes, typename Stride>
constexpr std::size_t total(const Sizes& sizes, Stride stride_of) {
  std::size_t bytes = kLead;
  for (const auto& size : sizes) bytes += size.count * stride_of(size.bytes);
  return bytes;
}

}  // namespace

std::optional<GuardedSlots> GuardedSlots::reserve() {
  constexpr std::size_t kBytes = total(kSizes, stride_of);
  void* base = mmap(nullptr, kBytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return std::nullopt;
  GuardedSlots slots(static_cast<std::byte*>(base));
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const std::size_t bytes = kSizes[i].bytes;
    for (std::size_t slot = 0; slot < kSizes[i].count; ++slot) {
      std::byte* begin = slots.first_[i] + slot * stride_of(bytes);
      if (mprotect(begin, bytes, PROT_READ | PROT_WRITE) != 0) return std::nullopt;
    }
  }
  return slots;
}

GuardedSlots::GuardedSlots(GuardedSlots&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      first_(other.first_),
      taken_(other.taken_),
      touched_(other.touched_),
      largest_(other.largest_) {}

GuardedSlots::~GuardedSlots() {
  if (base_ != nullptr) munmap(base_, total(kSizes, stride_of));
}

std::optional<GuardedSlots::Slot> GuardedSlots::take(std::size_t bytes) {
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    if (bytes > kSizes[i].bytes || taken_[i] == kSizes[i].count) continue;
    largest_[i] = std::max(largest_[i], bytes);
    std::byte* begin = first_[i] + taken_[i]++ * stride_of(kSizes[i].bytes);
    return Slot{begin, begin + kSizes[i].bytes};
  }
  return std::nullopt;
}

void GuardedSlots::reset() {
  std::size_t held = 0;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    touched_[i] = std::max(touched_[i], std::exchange(taken_[i], 0));
    held += touched_[i] * largest_[i];
  }
  if (held <= kKeep) return;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    for (std::size_t slot = 0; slot < touched_[i]; ++slot) {
      madvise(first_[i] + slot * stride_of(kSizes[i].bytes), kSizes[i].bytes, MADV_REMOVE);
    }
    touched_[i] = 0;
    largest_[i] = 0;
  }
}

}  // namespace attest::kernels
