// What a launch may ask for: the limits of compute capability 9.0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attest::simt {

inline constexpr int kWarpSize = 32;
inline constexpr int kMaxThreads = 1024;
inline constexpr int kMaxWarps = kMaxThreads / kWarpSize;
inline constexpr std::uint32_t kMaxBlockZ = 64;
inline constexpr std::uint32_t kMaxGridX = 0x7fffffff;
inline constexpr std::uint32_t kMaxGridYZ = 65535;
/// Of a block, static and dynamic together, once the kernel has opted in; before, 48 KiB.
inline constexpr std::size_t kMaxShared = std::size_t{227} * 1024;
inline constexpr std::size_t kSharedWithoutOptIn = std::size_t{48} * 1024;

}  // namespace attest::simt
