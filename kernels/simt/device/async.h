// cp.async in terms of the runtime.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/simt/device.h"

namespace attest::simt {

inline void start_async_copy(void* to, const void* from, std::size_t bytes, std::size_t zeros,
                             Site site) {
  const bool possible = (bytes == 4 || bytes == 8 || bytes == 16) && zeros <= bytes;
  if (!possible || reinterpret_cast<std::uintptr_t>(to) % bytes != 0 ||
      reinterpret_cast<std::uintptr_t>(from) % bytes != 0) {
    device_error(Kind::kBadArgument,
                 "cp.async copies 4, 8 or 16 bytes between addresses aligned to that", site);
  }
  async_copy({to, from, static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(zeros)});
}

/// Lands what is due. Accesses count as the waiting thread's, here.
ATTEST_SIMT_RUNTIME inline void wait_async_copies(std::uint32_t pending, Site site) {
  AsyncCopy copy = {};
  while (async_land(pending, copy)) {
    const std::uint32_t read = copy.bytes - copy.zeros;
    if constexpr (kChecked) {
      if (read > 0) before_access(copy.from, read, false, site);
      before_access(copy.to, copy.bytes, true, site);
    }
    char* to = static_cast<char*>(copy.to);
    const char* from = static_cast<const char*>(copy.from);
    for (std::uint32_t i = 0; i < copy.bytes; ++i) to[i] = i < read ? from[i] : '\0';
  }
}

}  // namespace attest::simt
