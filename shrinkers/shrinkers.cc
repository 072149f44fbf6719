#include "shrinkers/shrinkers.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "problem/errors.h"
#include "shrinkers/passes.h"
#include "shrinkers/programs.h"

namespace attest::shrinkers {

using problem::Case;

namespace {

// In the order of order.h: what decides first is made small first.
constexpr auto kShrinkers = std::to_array<Shrinker>({
    {"sequences", either<fewer_sequences, fewer_steps>},
    {"features", also_on_tape<fewer_features>},
    {"parameters", also_on_tape<simpler_parameters>},
    {"tokens", either<fewer_tokens, fewer_step_tokens>},
    {"heads", also_on_tape<fewer_heads>},
    {"head_dims", also_on_tape<smaller_head_dims>},
    {"storage", either<simpler_storage, simpler_pool>},
    {"strides", packed_strides},
    {"plan", also_on_tape<simpler_plan>},
    {"poisons", also_on_tape<fewer_poisons>},
    {"values", also_on_tape<simpler_values>},
});

}  // namespace

std::span<const Shrinker> all_shrinkers() { return kShrinkers; }

bool is_reduction(const Case& proposal, const Complexity& limit) {
  // Validity first: the rest may index by what the case says.
  return !problem::find_error(proposal) && complexity(proposal) < limit;
}

std::vector<Case> reductions(const Shrinker& shrinker, const Case& base) {
  std::vector<Case> proposals = shrinker.propose(base);
  const Complexity limit = complexity(base);
  std::unordered_set<CaseKey, CaseKeyHash> seen;
  std::erase_if(proposals, [&](const Case& candidate) {
    return !seen.insert(key_of(candidate)).second || !is_reduction(candidate, limit);
  });
  return proposals;
}

Candidates::Candidates(Case base) : base_(std::move(base)) {
  if (const auto error = problem::find_error(base_)) {
    throw ContractError("only a valid case can be shrunk: " + *error);
  }
}

std::optional<Case> Candidates::next() {
  while (true) {
    while (!ready_.empty()) {
      Case candidate = std::move(ready_.back());
      ready_.pop_back();
      if (seen_.insert(key_of(candidate)).second) return candidate;
    }
    if (shrinker_ == all_shrinkers().size()) return std::nullopt;
    ready_ = reductions(all_shrinkers()[shrinker_++], base_);
    std::reverse(ready_.begin(), ready_.end());
  }
}

bool for_each_candidate(const Case& base, const std::function<bool(const Case&)>& visit) {
  Candidates candidates(base);
  while (const std::optional<Case> candidate = candidates.next()) {
    if (visit(*candidate)) return true;
  }
  return false;
}

}  // namespace attest::shrinkers
