// What "smaller" means: the documented order in which two cases compare (docs/shrinking.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "problem/case.h"

namespace attest::shrinkers {

/// Changes whenever the order would call another case the smaller one.
inline constexpr int kOrderVersion = 2;

/// The axes in order: the first on which two cases differ decides. All count up from 0.
enum class Axis : std::size_t {
  kSequences,
  kOperations,  ///< calls of the program, and the sequences they name
  kFeatures,    ///< features.h
  kParameters,  ///< windows, attention chunk, scale, softcap, slopes, sinks, quantisation scales
  kTokens,      ///< query rows and keys
  kQueries,
  kPositions,  ///< explicit start_pos
  kMaskData,   ///< nodes of trees, nodes off the chain, zeros of custom masks
  kQHeads,
  kKvHeads,
  kHeadDims,
  kHeadDimV,
  kSharedEntries,
  kPoolSlots,  ///< pages of the pool times page size, gap tokens
  kTableEntries,
  kPageSize,
  kMisplacedPages,
  kExtraTableColumns,
  kLayout,
  kStrides,  ///< gaps of the five tensors, 1 each more than nothing, and heads that are one
  kChunks,
  kParts,
  kMergeSteps,
  kMergeDisorder,  ///< steps that are not those of a left fold
  kPartDisorder,   ///< neighbouring parts that are not in key order
  kCuts,           ///< where parts begin
  kNumSplits,
  kScheduleSeed,
  kPoisons,
  kPoisonDetail,   ///< kinds, and K and V both
  kDrawnElements,  ///< elements not given explicitly, as far as they are counted
  kElementCost,    ///< sum of cost_of() over all elements, as far as they are counted
  kDistribution,
  kSeed,
  kNeedle,
  kOverrides,
};
inline constexpr std::size_t kNumAxes = static_cast<std::size_t>(Axis::kOverrides) + 1;

/// Up to this many elements of q, k, v and bias together, a case is small enough to be written out
/// element by element; then a written case is simpler than a drawn one.
inline constexpr std::int64_t kMaxWrittenElements = 256;

/// Elements of q, k, v and bias together. Keys on shared pages count once per sequence.
std::int64_t count_elements(const problem::Problem& problem);

struct Complexity {
  std::array<std::int64_t, kNumAxes> axes{};

  std::int64_t& operator[](Axis axis) { return axes[static_cast<std::size_t>(axis)]; }
  std::int64_t operator[](Axis axis) const { return axes[static_cast<std::size_t>(axis)]; }

  /// Lexicographic and strict; property, kernel, note and expectation take no part.
  friend bool operator==(const Complexity&, const Complexity&) = default;
  friend bool operator<(const Complexity& a, const Complexity& b) { return a.axes < b.axes; }
};

/// Expects: a valid case (find_error gives nothing).
Complexity complexity(const problem::Case& value);

/// Rank of a distribution: the simpler the contents are to imagine, the lower.
std::int64_t rank_of(problem::Distribution distribution);

/// Rank of a poison kind: NaN < dominating < largest < +inf < -inf.
std::int64_t rank_of(problem::PoisonKind kind);

/// Whether in_k and in_v mean something at this place.
bool fills_k_and_v(problem::PoisonPlace place);

}  // namespace attest::shrinkers
