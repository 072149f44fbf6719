// Device memory as the checker knows it: announced ranges, each with its shadow.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/simt/check/shadow.h"

namespace attest::simt::check {

struct Range {
  const char* data;
  std::size_t bytes;
  std::string name;
  Shadow shadow;  ///< no cells: there was no memory for it, and accesses are not looked at
};

class Ranges {
 public:
  void add(const void* data, std::size_t bytes, bool initialised, const char* name);
  void remove(const void* data);
  void clear();
  bool empty() const { return ranges_.empty(); }

  /// The range that contains p; null: none.
  const Range* find(const void* p) {
    const auto* byte = static_cast<const char*>(p);
    if (last_ < ranges_.size() &&
        static_cast<std::size_t>(byte - ranges_[last_].data) < ranges_[last_].bytes) {
      return &ranges_[last_];
    }
    return search(byte);
  }
  /// "4 bytes past the end of k_cache (4096 bytes)" for an address outside of all.
  std::string describe(const void* p) const;

 private:
  const Range* search(const char* byte);
  Shadow shadow_for(std::size_t bytes, bool initialised);

  std::vector<Range> ranges_;  // by address
  std::size_t last_ = 0;
  Shadow pool_;
  std::size_t used_ = 0;  // words of the pool
};

/// Memory that reads as zero and costs nothing until it is touched; null: there is none.
void* reserve(std::size_t bytes);

}  // namespace attest::simt::check
