// An array in device memory, which on the CPU is any memory, announced to the checker.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#include "kernels/simt/simt.h"

namespace attest::simt {

template <class T>
class DeviceArray {
 public:
  static constexpr std::align_val_t kAlignment{256};  // what cudaMalloc promises

  /// Contents: `value`. `initialised`: whether kernels may read it before they write it.
  explicit DeviceArray(std::size_t count, T value = {}, bool initialised = true)
      : count_(count), data_(static_cast<T*>(::operator new(count * sizeof(T), kAlignment))) {
    std::fill_n(data_, count, value);
    announce(data_, count * sizeof(T), initialised, "array");
  }
  ~DeviceArray() {
    forget(data_);
    ::operator delete(data_, kAlignment);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  std::vector<T> values() const { return std::vector<T>(data_, data_ + count_); }

 private:
  std::size_t count_;
  T* data_;
};

}  // namespace attest::simt
