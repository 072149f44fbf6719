// How a failing case gets small: all shrinkers in order, and the cases they lead to.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "problem/case.h"
#include "shrinkers/case_key.h"
#include "shrinkers/order.h"

namespace attest::shrinkers {

/// One idea of how a case could be smaller.
///
/// `propose` is a pure function of a valid case. It lists variants, the biggest step first, and
/// need not check them: whatever is invalid, not strictly smaller (order.h) or a repetition is left
/// out by reductions(). It should stay below about 64 variants of a small case, since the last
/// sweep of a shrink judges all of them.
struct Shrinker {
  std::string_view name;
  std::vector<problem::Case> (*propose)(const problem::Case&);
};

/// Every shrinker, in the order in which they are tried. To add one, add it here (shrinkers.cc).
std::span<const Shrinker> all_shrinkers();

/// Whether a proposal counts: valid, and strictly smaller than a case of complexity `limit`.
bool is_reduction(const problem::Case& proposal, const Complexity& limit);

/// What one shrinker makes of a case: valid, strictly smaller, each once, in the shrinker's order.
/// Expects: a valid case.
std::vector<problem::Case> reductions(const Shrinker& shrinker, const problem::Case& base);

/// The reductions of all shrinkers one after the other, made one shrinker at a time. A case may
/// come from two shrinkers; it comes once here. Throws: ContractError if the case is not valid.
class Candidates {
 public:
  explicit Candidates(problem::Case base);
  std::optional<problem::Case> next();

 private:
  problem::Case base_;
  std::size_t shrinker_ = 0;
  std::vector<problem::Case> ready_;  ///< of the current shrinker, the next one last
  std::unordered_set<CaseKey, CaseKeyHash> seen_;
};

/// Calls `visit` with one candidate after the other until it returns true. Returns whether it did.
/// Throws: ContractError if the case is not valid.
bool for_each_candidate(const problem::Case& base,
                        const std::function<bool(const problem::Case&)>& visit);

}  // namespace attest::shrinkers
