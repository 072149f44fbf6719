// Features switched off: all, those of meaning, those of execution, halves of each, one by one.
#include "shrinkers/features.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"

namespace attest::shrinkers {

using problem::Case;

namespace {

using FeatureList = std::vector<const Feature*>;

constexpr std::int64_t kMostFeaturePieces = 48;

FeatureList in_use(std::span<const Feature> features, const Case& base) {
  FeatureList used;
  for (const Feature& feature : features) {
    if (feature.in_use(base)) used.push_back(&feature);
  }
  return used;
}

Case without(const Case& base, const FeatureList& features) {
  Case result = base;
  for (const Feature* feature : features) {
    if (feature->in_use(result)) result = feature->without(result);
  }
  return result;
}

}  // namespace

Proposals fewer_features(const Case& base) {
  const FeatureList meaning = in_use(meaning_features(), base);
  const FeatureList execution = in_use(execution_features(), base);
  FeatureList all = meaning;
  all.insert(all.end(), execution.begin(), execution.end());

  Proposals result;
  if (all.empty()) return result;
  result.push_back(without(base, all));
  if (!meaning.empty() && !execution.empty()) {
    result.push_back(without(base, meaning));
    result.push_back(without(base, execution));
  }
  // Kernels insist on some features of execution, seldom on one of meaning: kept apart, a piece of
  // the one kind is not refused because of the other.
  for (const FeatureList& kind : {meaning, execution}) {
    for (const Piece piece : pieces(static_cast<std::int64_t>(kind.size()), kMostFeaturePieces)) {
      result.push_back(without(base, {kind.begin() + piece.begin, kind.begin() + piece.end}));
    }
  }
  return result;
}

}  // namespace attest::shrinkers
