// The stacks of a block's threads: one reservation, each stack with a guard page below it. Pages
// come into being when touched and stay for the next block.
#pragma once

#include <cstddef>

namespace attest::simt {

class Stacks {
 public:
  /// Makes the first `count` stacks usable. False without memory.
  bool provide(int count);
  /// Fibers were left in the middle: what AddressSanitizer knows about their frames is void.
  void forget_frames();
  char* lowest(int index) const { return base_ + guard_ + static_cast<std::size_t>(index) * step_; }
  std::size_t bytes() const { return step_ - guard_; }
  bool contains(const void* p) const {
    return static_cast<std::size_t>(static_cast<const char*>(p) - base_) < reserved_;
  }

 private:
  char* base_ = nullptr;
  std::size_t reserved_ = 0;
  std::size_t guard_ = 0;
  std::size_t step_ = 0;
  int usable_ = 0;
};

}  // namespace attest::simt
