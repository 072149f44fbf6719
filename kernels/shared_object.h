// One object in memory that a process shares with those it forks, at the same address in all.
#pragma once

#include <cerrno>
#include <cstring>
#include <new>
#include <type_traits>

#include <fmt/format.h>
#include <sys/mman.h>

#include "problem/errors.h"

namespace attest::kernels {

/// Pages of its own, not a corner of an arena: there kernels write, and wrong ones anywhere.
template <typename T>
class SharedObject {
  static_assert(std::is_trivially_destructible_v<T>, "other processes may still look at it");

 public:
  /// Throws SystemError without memory.
  SharedObject() {
    void* memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw SystemError(fmt::format("no shared memory for a kernel: {}", std::strerror(errno)));
    }
    object_ = new (memory) T;
  }
  ~SharedObject() { munmap(object_, sizeof(T)); }
  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  /// A new one in its place.
  void renew() { object_ = new (object_) T; }

 private:
  T* object_ = nullptr;
};

}  // namespace attest::kernels
