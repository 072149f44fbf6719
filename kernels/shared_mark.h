// A number that a session shares with its kernel process: the mark of planted kernels
// (planted/defect.h). It outlives a kernel that dies.
#pragma once

#include <cstdint>

namespace attest::kernels {

class SharedMark {
 public:
  /// Throws SystemError without memory.
  SharedMark();
  ~SharedMark();
  SharedMark(const SharedMark&) = delete;
  SharedMark& operator=(const SharedMark&) = delete;

  /// At the same address in processes forked from now on.
  std::int32_t* get() const { return mark_; }
  /// Whether it was set since this was last asked.
  bool take();

 private:
  std::int32_t* mark_ = nullptr;
};

}  // namespace attest::kernels
