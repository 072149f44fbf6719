// Fewer poisons, simpler kinds (order.h), K or V alone.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/order.h"
#include "shrinkers/passes.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Poison;
using problem::PoisonKind;

Proposals fewer_poisons(const Case& base) {
  Proposals result;
  const std::vector<Poison>& now = base.poisons;
  if (now.empty()) return result;
  const auto count = static_cast<std::int64_t>(now.size());
  result.push_back(base);
  result.back().poisons.clear();
  for (const Piece piece : pieces(count, 4 * problem::kNumPoisonPlaces)) {
    result.push_back(base);
    std::vector<Poison>& poisons = result.back().poisons;
    poisons.erase(poisons.begin() + piece.begin, poisons.begin() + piece.end);
  }
  if (count > 1) {
    result.push_back(base);
    for (Poison& poison : result.back().poisons) poison.kind = PoisonKind::kNaN;
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    for (const PoisonKind kind :
         {PoisonKind::kNaN, PoisonKind::kDominating, PoisonKind::kLargest, PoisonKind::kPlusInf}) {
      if (rank_of(kind) >= rank_of(now[i].kind)) continue;
      result.push_back(base);
      result.back().poisons[i].kind = kind;
    }
    if (!fills_k_and_v(now[i].place) || !now[i].in_k || !now[i].in_v) continue;
    result.push_back(base);
    result.back().poisons[i].in_v = false;
    result.push_back(base);
    result.back().poisons[i].in_k = false;
  }
  return result;
}

}  // namespace attest::shrinkers
