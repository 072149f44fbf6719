#include "kernels/simt/shared_memory.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

#include "kernels/simt/check/checker.h"
#include "kernels/simt/device.h"
#include "kernels/simt/limits.h"
#include "kernels/simt/machine.h"
#include "kernels/simt/sanitizer.h"

namespace attest::simt {
namespace {

constexpr std::size_t kGap = 128;  // between variables, so that the next is not run into
constexpr std::size_t kSharedAlignment = 128;  // as on the device, where tile loads count on it

std::size_t aligned(std::size_t offset, std::size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace

bool SharedMemory::provide() {
  if (base_ != nullptr) return true;
  void* memory = mmap(nullptr, kCapacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  base_ = static_cast<char*>(memory);
  return true;
}

void SharedMemory::begin_block(Fill fill, std::uint64_t key) {
  fill_ = fill;
  key_ = key;
  used_ = kGap;
  taken_ = 0;
  dynamic_ = static_cast<char*>(allocate(dynamic_bytes_, kSharedAlignment));
}

void* SharedMemory::allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t offset = aligned(used_, std::max(alignment, kSharedAlignment));
  if (taken_ + bytes > kMaxShared || offset + bytes + kGap > kCapacity) return nullptr;
  taken_ += bytes;
  used_ = offset + bytes + kGap;
  char* data = base_ + offset;
  make_valid(data, bytes);
  return data;
}

void SharedMemory::make_valid(char* data, std::size_t bytes) {
  const std::size_t filled = bytes + kGap;  // who reads too far meets the poison as well
  sanitizer::unpoison(data, filled);
  if (fill_ == Fill::kRandom) {
    Draws draws(key_, static_cast<std::uint64_t>(data - base_));
    for (std::size_t i = 0; i < filled; i += sizeof(std::uint64_t)) {
      const std::uint64_t word = draws.next();
      std::memcpy(data + i, &word, std::min(sizeof word, filled - i));
    }
  } else {
    std::memset(data, fill_ == Fill::kNaN ? 0xff : 0, filled);
  }
  sanitizer::poison(data + bytes, kGap);
  if (machine.checked) check::shared_variable(data, bytes);
}

void allocate_shared(SharedSlot& slot, std::size_t bytes, std::size_t alignment) {
  slot.data = machine.shared.allocate(bytes, alignment);
  slot.block = block_serial;
  if (slot.data == nullptr) {
    slot.block = 0;
    device_error(Kind::kSharedMemoryExceeded, "a block's shared memory exceeds 227 KiB", {"", 0});
  }
}

void* dynamic_shared() { return machine.shared.dynamic(); }

}  // namespace attest::simt
