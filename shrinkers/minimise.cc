#include "shrinkers/minimise.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "problem/errors.h"
#include "shrinkers/case_key.h"
#include "shrinkers/order.h"
#include "shrinkers/shrinkers.h"

namespace attest::shrinkers {

using problem::Case;

namespace {

class Descent {
 public:
  Descent(Case start, const std::function<Judgement(const Case&)>& judge, const Limits& limits)
      : judge_(judge), limits_(limits) {
    result_.minimal = std::move(start);
    size_ = complexity(result_.minimal);
  }

  // Round after round over the shrinkers, until one whole round in a row has nothing to offer:
  // that round is the sweep that shows the case 1-minimal.
  MinimiseResult run() {
    const std::size_t count = all_shrinkers().size();
    std::size_t fruitless = 0;
    for (std::size_t turn = 0; fruitless < count; turn = (turn + 1) % count) {
      fruitless = descend(all_shrinkers()[turn]) ? 0 : fruitless + 1;
      if (stopped_) break;
    }
    result_.record.minimal = !stopped_;
    return std::move(result_);
  }

 private:
  // After a success goes on at the same place of the new list rather than at its start: the steps
  // before it failed a moment ago, and the next round tries them again anyway.
  bool descend(const Shrinker& shrinker) {
    bool any = false;
    std::vector<Case> steps = shrinker.propose(result_.minimal);
    for (std::size_t i = 0; i < steps.size();) {
      // Only now: on large cases this costs more than the proposal, and most are never reached.
      if (!is_reduction(steps[i], size_)) {
        ++i;
        continue;
      }
      const std::optional<Judgement> judgement = judged(steps[i]);
      if (!judgement) return any;
      if (*judgement == Judgement::kFailsSame) {
        result_.minimal = std::move(steps[i]);
        size_ = complexity(result_.minimal);
        ++result_.record.accepted;
        result_.record.passed = 0;
        result_.record.rejected = 0;
        counted_.clear();
        any = true;
        steps = shrinker.propose(result_.minimal);
        continue;
      }
      count(steps[i], *judgement);
      ++i;
    }
    return any;
  }

  // Nothing when a limit is reached. A case known from before costs nothing.
  std::optional<Judgement> judged(const Case& candidate) {
    const CaseKey key = key_of(candidate);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    if (result_.record.evaluations >= limits_.max_evaluations ||
        (limits_.out_of_time && limits_.out_of_time())) {
      stopped_ = true;
      return std::nullopt;
    }
    const Judgement judgement = judge_(candidate);
    known_.emplace(key, judgement);
    if (judgement == Judgement::kInapplicable) {
      ++result_.inapplicable;
    } else {
      ++result_.record.evaluations;
    }
    return judgement;
  }

  // Candidates of the current case, each once though two shrinkers may propose it.
  void count(const Case& candidate, Judgement judgement) {
    if (!counted_.insert(key_of(candidate)).second) return;
    if (judgement == Judgement::kPasses) ++result_.record.passed;
    if (judgement == Judgement::kFailsOther) ++result_.record.rejected;
  }

  const std::function<Judgement(const Case&)>& judge_;
  const Limits& limits_;
  MinimiseResult result_;
  Complexity size_;  ///< of the minimal case so far
  std::unordered_map<CaseKey, Judgement, CaseKeyHash> known_;
  std::unordered_set<CaseKey, CaseKeyHash> counted_;
  bool stopped_ = false;
};

}  // namespace

MinimiseResult minimise(Case start, const std::function<Judgement(const Case&)>& judge,
                        const Limits& limits) {
  if (const auto error = problem::find_error(start)) {
    throw ContractError("only a valid case can be shrunk: " + *error);
  }
  return Descent(std::move(start), judge, limits).run();
}

}  // namespace attest::shrinkers
