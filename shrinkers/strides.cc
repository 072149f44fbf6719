// Strides nearer to packed: one tensor after the other without gaps, then each gap alone, smaller
// or gone. (All tensors packed at once is a feature switched off: features.cc.)
#include <cstdint>
#include <utility>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Gaps;
using problem::Strides;

Proposals packed_strides(const Case& base) {
  Proposals result;
  const auto propose = [&](Gaps Strides::*tensor, const Gaps& gaps) {
    Case simpler = base;
    simpler.storage.strides.*tensor = gaps;
    result.push_back(std::move(simpler));
  };
  for (Gaps Strides::*const tensor :
       {&Strides::q, &Strides::k, &Strides::v, &Strides::o, &Strides::lse}) {
    const Gaps& now = base.storage.strides.*tensor;
    if (now.packed()) continue;
    propose(tensor, Gaps{});
    for (std::int64_t Gaps::*const gap : {&Gaps::outer, &Gaps::token, &Gaps::head, &Gaps::lane}) {
      for (const std::int64_t smaller : ladder(now.*gap, 0)) {
        Gaps gaps = now;
        gaps.*gap = smaller;
        propose(tensor, gaps);
      }
    }
    if (!now.one_head) continue;
    Gaps apart = now;
    apart.one_head = false;
    propose(tensor, apart);
  }
  return result;
}

}  // namespace attest::shrinkers
