// The shared memory of the running block: static variables, allocated when first declared, and the
// dynamic part, in one arena with gaps in between. Under AddressSanitizer the gaps are poisoned;
// the checker knows what is valid.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/simt.h"

namespace attest::simt {

class SharedMemory {
 public:
  /// Of the arena: more than a block can have, for the gaps.
  static constexpr std::size_t kCapacity = std::size_t{1024} * 1024;

  /// False without memory.
  bool provide();
  void set_dynamic(std::size_t bytes) { dynamic_bytes_ = bytes; }
  /// Everything is free again, and filled.
  void begin_block(Fill fill, std::uint64_t key);
  /// Null if the block would exceed what a block can have.
  void* allocate(std::size_t bytes, std::size_t alignment);
  void* dynamic() const { return dynamic_; }

  const char* base() const { return base_; }

 private:
  void make_valid(char* data, std::size_t bytes);

  char* base_ = nullptr;
  char* dynamic_ = nullptr;
  std::size_t dynamic_bytes_ = 0;
  std::size_t used_ = 0;   ///< of the arena, gaps included
  std::size_t taken_ = 0;  ///< by variables
  Fill fill_ = Fill::kNaN;
  std::uint64_t key_ = 0;
};

}  // namespace attest::simt
