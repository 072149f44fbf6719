// Smaller values to try for a count, big steps first.
#pragma once

#include <cstdint>
#include <vector>

namespace attest::shrinkers {

/// `lowest` (and 1 after 0), then from `value` half of the way down, a quarter, an eighth ... and
/// `value - 1`: taken again after each success, this is a search in O(log^2) tries. Empty when
/// `value <= lowest`.
///
///     ladder(8, 0) == {0, 1, 4, 6, 7}
std::vector<std::int64_t> ladder(std::int64_t value, std::int64_t lowest);

/// ladder() preceded by the powers of two between `lowest` and `value`, smallest first: for sizes
/// of which kernels only take some.
std::vector<std::int64_t> size_ladder(std::int64_t value, std::int64_t lowest);

/// Pieces of [0, count) to try to remove, largest first: halves, quarters, ... down to single
/// items, as [begin, end) pairs, at most `limit` of them. The whole is not among them.
struct Piece {
  std::int64_t begin;
  std::int64_t end;
};
std::vector<Piece> pieces(std::int64_t count, std::int64_t limit);

}  // namespace attest::shrinkers
