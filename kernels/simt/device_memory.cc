// cudaMalloc and cudaFree: host memory, filled with NaN, announced to the checker.
#include <cstdlib>
#include <cstring>
#include <map>

#include "kernels/simt/check/checker.h"
#include "kernels/simt/device.h"

namespace attest::simt {
namespace {

constexpr std::size_t kDeviceAlignment = 256;  // as cudaMalloc promises

std::map<const void*, std::size_t>& allocations() {
  static std::map<const void*, std::size_t> all;
  return all;
}

}  // namespace

void* device_malloc(std::size_t bytes) {
  void* p = nullptr;
  if (posix_memalign(&p, kDeviceAlignment, bytes == 0 ? 1 : bytes) != 0) return nullptr;
  std::memset(p, 0xff, bytes);
  allocations()[p] = bytes;
  announce(p, bytes, false, "cudaMalloc");
  return p;
}

int device_free(void* p) {
  if (p == nullptr) return kSuccess;
  if (allocations().erase(p) == 0) return last_error() = kErrorInvalidValue;
  forget(p);
  std::free(p);
  return kSuccess;
}

void device_written(const void* p, std::size_t bytes) { check::host_wrote(p, bytes); }

void announce(const void* data, std::size_t bytes, bool initialised, const char* name) {
  check::add_range(data, bytes, initialised, name == nullptr ? "" : name);
}

void forget(const void* data) { check::remove_range(data); }

void forget_announced() { check::remove_ranges(); }

}  // namespace attest::simt
