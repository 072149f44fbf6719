// cp.async: copies that land when they are waited for, never earlier, so that a missing wait shows.
#include <array>
#include <cstdint>
#include <vector>

#include "kernels/simt/check/checker.h"
#include "kernels/simt/machine.h"

namespace attest::simt {
namespace {

struct Pending {
  AsyncCopy copy;
  std::uint32_t group;
};

struct Queue {
  std::uint64_t block = 0;
  std::uint32_t group = 0;  ///< the one that is being filled
  std::size_t landed = 0;
  std::vector<Pending> copies;
};

Queue& own_queue() {
  static std::array<Queue, kMaxThreads> queues;
  Queue& queue = queues[machine.current->linear];
  if (queue.block != block_serial) {
    queue.block = block_serial;
    queue.group = 0;
    queue.landed = 0;
    queue.copies.clear();
  }
  return queue;
}

}  // namespace

void async_copy(const AsyncCopy& copy) {
  const check::Pause pause;
  Queue& queue = own_queue();
  queue.copies.push_back({copy, queue.group});
}

void async_commit() {
  const check::Pause pause;
  ++own_queue().group;
}

bool async_land(std::uint32_t pending, AsyncCopy& copy) {
  const check::Pause pause;
  Queue& queue = own_queue();
  if (queue.landed == queue.copies.size()) {
    queue.copies.clear();
    queue.landed = 0;
    return false;
  }
  const Pending& next = queue.copies[queue.landed];
  if (std::uint64_t{next.group} + pending >= queue.group) return false;
  copy = next.copy;
  ++queue.landed;
  return true;
}

}  // namespace attest::simt
