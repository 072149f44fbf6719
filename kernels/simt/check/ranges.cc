#include "kernels/simt/check/ranges.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace attest::simt::check {
namespace {

/// Of the pool: a gibibyte of device memory. Only what is accessed takes real memory.
constexpr std::size_t kPoolWords = std::size_t{1} << 28;

bool before(const char* byte, const Range& range) { return byte < range.data; }

}  // namespace

void* reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void Ranges::add(const void* data, std::size_t bytes, bool initialised, const char* name) {
  if (bytes == 0) return;
  remove(data);
  const auto* begin = static_cast<const char*>(data);
  const auto at = std::upper_bound(ranges_.begin(), ranges_.end(), begin, before);
  ranges_.insert(at, {begin, bytes, name, shadow_for(bytes, initialised)});
}

Shadow Ranges::shadow_for(std::size_t bytes, bool initialised) {
  const std::size_t words = (bytes + 3) / 4;
  if (pool_.cells == nullptr) {
    pool_.flags = static_cast<Flags*>(reserve(kPoolWords * sizeof(Flags)));
    pool_.parts = static_cast<Cell*>(reserve(kPoolWords * 4 * sizeof(Cell)));
    pool_.cells = static_cast<Cell*>(reserve(kPoolWords * sizeof(Cell)));
  }
  const bool there = pool_.cells != nullptr && pool_.parts != nullptr && pool_.flags != nullptr;
  if (!there || used_ + words > kPoolWords) return {};
  Shadow shadow{pool_.cells + used_, pool_.parts + 4 * used_, pool_.flags + used_,
                static_cast<Flags>(initialised ? kValid | kWritten : kValid)};
  used_ += words;
  if (bytes % 4 != 0) {
    const auto there_bytes = static_cast<Flags>((1u << bytes % 4) - 1);
    const auto last =
        static_cast<Flags>(initialised ? there_bytes | there_bytes << 4 : there_bytes);
    shadow.set(words - 1, last);
  }
  return shadow;
}

void Ranges::remove(const void* data) {
  std::erase_if(ranges_, [&](const Range& range) { return range.data == data; });
  last_ = 0;
  if (ranges_.empty()) clear();
}

void Ranges::clear() {
  ranges_.clear();
  last_ = 0;
  if (used_ > 0 && pool_.flags != nullptr) std::memset(pool_.flags, 0, used_ * sizeof(Flags));
  used_ = 0;  // cells may keep what they hold: epochs never come back
}

const Range* Ranges::search(const char* byte) {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), byte, before);
  if (after == ranges_.begin()) return nullptr;
  const auto found = after - 1;
  if (static_cast<std::size_t>(byte - found->data) >= found->bytes) return nullptr;
  last_ = static_cast<std::size_t>(found - ranges_.begin());
  return &*found;
}

std::string Ranges::describe(const void* p) const {
  const auto* byte = static_cast<const char*>(p);
  constexpr std::ptrdiff_t kNear = 1 << 16;
  const Range* nearest = nullptr;
  std::ptrdiff_t distance = kNear;
  for (const Range& range : ranges_) {
    const std::ptrdiff_t past = byte - (range.data + range.bytes);
    const std::ptrdiff_t ahead = range.data - byte;
    const std::ptrdiff_t away = past >= 0 ? past : ahead;
    if (away >= 0 && away < distance) {
      distance = away;
      nearest = &range;
    }
  }
  if (nearest == nullptr) return "memory that is not the device's";
  const bool past = byte >= nearest->data;
  return std::to_string(distance) + (past ? " bytes past the end of " : " bytes before ") +
         (nearest->name.empty() ? "an allocation" : nearest->name) + " (" +
         std::to_string(nearest->bytes) + " bytes)";
}

}  // namespace attest::simt::check
