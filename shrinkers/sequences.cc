// Fewer sequences in the batch, and sequences without names.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Case;

namespace {

constexpr std::int64_t kMostTriedAlone = 8;
constexpr std::int64_t kMostSequencePieces = 48;

}  // namespace

Proposals fewer_sequences(const Case& base) {
  Proposals result;
  const std::int64_t batch = base.problem().batch();
  if (batch > 1 && batch <= kMostTriedAlone) {
    for (std::int64_t b = 0; b < batch; ++b) result.push_back(keep_sequences(base, {b}));
  }
  for (const Piece piece : pieces(batch, kMostSequencePieces)) {
    std::vector<std::int64_t> kept;
    for (std::int64_t b = 0; b < batch; ++b) {
      if (b < piece.begin || b >= piece.end) kept.push_back(b);
    }
    result.push_back(keep_sequences(base, kept));
  }
  if (!base.program.calls.front().sequences.empty()) {
    result.push_back(base);
    result.back().program.calls.front().sequences.clear();
  }
  return result;
}

}  // namespace attest::shrinkers
