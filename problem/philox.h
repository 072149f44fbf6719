// Counters of the random values: which 128-bit Philox counter belongs to which element.
// Internal to problem/; changing anything here changes kValuesVersion.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <Random123/philox.h>

#include "problem/values.h"

namespace attest::problem {

/// Token index of values that belong to a head and lane but to no token. No real token is negative.
inline constexpr std::int64_t kNoToken = -1;

using RandomBlock = std::array<std::uint32_t, 4>;

inline RandomBlock philox(std::uint64_t key, const RandomBlock& counter) {
  const r123::Philox4x32::ctr_type ctr = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type k = {
      {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}};
  const r123::Philox4x32::ctr_type out = r123::Philox4x32()(ctr, k);
  return {out[0], out[1], out[2], out[3]};
}

/// The bits of lanes 4 * block .. 4 * block + 3. Distinct coordinates have distinct counters as
/// long as sequence < 2^32, head < 2^10 and lane < 2^22, which the caps of problem.h leave far
/// away.
inline RandomBlock random_block(std::uint64_t seed, Tensor tensor, std::int64_t sequence,
                                std::int64_t token, std::int64_t head, std::int64_t block) {
  const auto position = static_cast<std::uint64_t>(token);
  const std::uint32_t where = static_cast<std::uint32_t>(tensor) << 30 |
                              static_cast<std::uint32_t>(head) << 20 |
                              static_cast<std::uint32_t>(block);
  return philox(seed,
                {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32),
                 static_cast<std::uint32_t>(sequence), where});
}

/// The bits of lanes 4 * block .. 4 * (block + kBlocks) - 1. Shapes: out [4 * kBlocks]. Block after
/// block would be the same; this way compilers make vectors of it.
template <std::size_t kBlocks>
void random_blocks(std::uint64_t seed, Tensor tensor, std::int64_t sequence, std::int64_t token,
                   std::int64_t head, std::int64_t block, std::uint32_t* out) {
  std::array<std::array<std::uint32_t, kBlocks>, 4> words;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const RandomBlock bits =
        random_block(seed, tensor, sequence, token, head, block + static_cast<std::int64_t>(i));
    for (std::size_t j = 0; j < 4; ++j) words[j][i] = bits[j];
  }
  for (std::size_t i = 0; i < kBlocks; ++i) {
    for (std::size_t j = 0; j < 4; ++j) out[4 * i + j] = words[j][i];
  }
}

}  // namespace attest::problem
