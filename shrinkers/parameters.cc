// Simpler numbers for the features that stay: windows, chunk, scale, softcap, slopes, sinks,
// quantisation scales, positions, and the masks given as data.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/reals.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Mask;
using problem::Problem;
using problem::Scales;

namespace {

constexpr std::size_t kMostSingleEntries = 8;  ///< entries of one vector that are tried one by one
constexpr std::size_t kMostValues = 3;         ///< simpler values tried for each of them
constexpr std::int64_t kMostParameterPieces = 30;

// Collects variants of one case, each changed by a small edit of its problem.
class Edits {
 public:
  explicit Edits(const Case& base) : base_(base) {}

  template <typename Edit>
  void add(Edit edit) {
    Case variant = base_;
    edit(variant.problem());
    result_.push_back(std::move(variant));
  }

  const Problem& problem() const { return base_.problem(); }
  Proposals take() { return std::move(result_); }

 private:
  const Case& base_;
  Proposals result_;
};

// With v_is_k_prefix both are the same numbers.
void keep_scales_equal(Problem& problem) {
  if (problem.v_is_k_prefix) problem.v_scale = problem.k_scale;
}

void fill(std::vector<double>& numbers, double value) {
  std::fill(numbers.begin(), numbers.end(), value);
}

void simplest_everything(Problem& problem) {
  problem.scale = 1.0;
  if (problem.softcap != 0.0) problem.softcap = 1.0;
  fill(problem.alibi_slopes, 1.0);
  fill(problem.sinks, 0.0);
  for (Scales* scales : {&problem.q_scale, &problem.k_scale, &problem.v_scale}) {
    if (!scales->empty()) *scales = {1.0};
  }
  if (problem.o_scale) problem.o_scale = 1.0;
  if (problem.mask.window_left) problem.mask.window_left = 0;
  if (problem.mask.window_right) problem.mask.window_right = 0;
  if (problem.mask.attention_chunk) problem.mask.attention_chunk = 1;
  for (problem::Sequence& sequence : problem.sequences) {
    if (sequence.start_pos) sequence.start_pos = 0;
  }
}

void simplify_mask_lengths(Edits& edits) {
  const auto shorten = [&](std::optional<std::int64_t> Mask::*length, std::int64_t lowest) {
    const std::optional<std::int64_t> now = edits.problem().mask.*length;
    if (!now) return;
    for (const std::int64_t step : ladder(*now, lowest)) {
      edits.add([&](Problem& problem) { problem.mask.*length = step; });
    }
  };
  shorten(&Mask::window_left, 0);
  shorten(&Mask::window_right, 0);
  shorten(&Mask::attention_chunk, 1);
}

void simplify_scalars(Edits& edits) {
  const Problem& base = edits.problem();
  for (const double scale : simpler_factors_than(base.scale)) {
    edits.add([&](Problem& problem) { problem.scale = scale; });
  }
  for (const double cap : simpler_than(base.softcap)) {
    if (cap > 0.0) edits.add([&](Problem& problem) { problem.softcap = cap; });
  }
  for (const double scale : simpler_factors_than(base.o_scale.value_or(1.0))) {
    edits.add([&](Problem& problem) { problem.o_scale = scale; });
  }
}

// Slopes, sinks and scales: all at once to each of `simplest`, then the first ones singly.
void simplify_vector(Edits& edits, std::vector<double> Problem::*field,
                     const std::vector<double>& simplest, std::vector<double> (*simpler)(double)) {
  const std::vector<double>& now = edits.problem().*field;
  if (now.empty()) return;
  if (now.size() > 1) {
    for (const double value : simplest) {
      edits.add([&](Problem& problem) { fill(problem.*field, value); });
    }
  }
  for (std::size_t i = 0; i < std::min(now.size(), kMostSingleEntries); ++i) {
    const std::vector<double> values = simpler(now[i]);
    for (std::size_t v = 0; v < std::min(values.size(), kMostValues); ++v) {
      edits.add([&](Problem& problem) { (problem.*field)[i] = values[v]; });
    }
  }
}

void simplify_scales(Edits& edits, Scales Problem::*field) {
  const Scales& now = edits.problem().*field;
  if (now.empty()) return;
  const auto set = [&](const Scales& scales) {
    edits.add([&](Problem& problem) {
      problem.*field = scales;
      keep_scales_equal(problem);
    });
  };
  set({1.0});
  if (now.size() > 1) {
    set({now.front()});
    set(Scales(now.size(), 1.0));
  }
  for (std::size_t i = 0; i < std::min(now.size(), kMostSingleEntries); ++i) {
    const std::vector<double> values = simpler_factors_than(now[i]);
    for (std::size_t v = 0; v < std::min(values.size(), kMostValues); ++v) {
      Scales scales = now;
      scales[i] = values[v];
      set(scales);
    }
  }
}

void simplify_positions(Edits& edits) {
  const Problem& base = edits.problem();
  for (std::size_t b = 0; b < base.sequences.size(); ++b) {
    const std::optional<std::int64_t> now = base.sequences[b].start_pos;
    if (!now) continue;
    edits.add([&](Problem& problem) { problem.sequences[b].start_pos.reset(); });
    for (const std::int64_t step : ladder(std::abs(*now), 0)) {
      edits.add(
          [&](Problem& problem) { problem.sequences[b].start_pos = *now < 0 ? -step : step; });
    }
    if (*now < 0) edits.add([&](Problem& problem) { problem.sequences[b].start_pos = -*now; });
  }
}

void simplify_trees(Edits& edits) {
  const std::vector<problem::Tree>& trees = edits.problem().mask.tree;
  for (std::size_t b = 0; b < trees.size(); ++b) {
    const auto nodes = static_cast<std::int64_t>(trees[b].parent.size());
    for (const std::int64_t size : ladder(nodes, 0)) {
      edits.add([&](Problem& problem) {
        // The tree covers the last tokens: its first nodes become plain tokens before it.
        std::vector<std::int32_t>& parent = problem.mask.tree[b].parent;
        const auto gone = static_cast<std::int32_t>(nodes - size);
        parent.erase(parent.begin(), parent.begin() + gone);
        for (std::int32_t& node : parent) node = std::max(node - gone, -1);
      });
    }
    for (std::int32_t node = 0; node < std::min<std::int64_t>(nodes, kMostSingleEntries); ++node) {
      edits.add([&](Problem& problem) {
        problem.mask.tree[b].parent[static_cast<std::size_t>(node)] = node - 1;
      });
    }
  }
}

void simplify_custom_masks(Edits& edits) {
  const auto& masks = edits.problem().mask.custom;
  for (std::size_t b = 0; b < masks.size(); ++b) {
    std::vector<std::size_t> zeros;
    for (std::size_t i = 0; i < masks[b].size(); ++i) {
      if (masks[b][i] == 0) zeros.push_back(i);
    }
    const auto count = static_cast<std::int64_t>(zeros.size());
    const auto show = [&](std::int64_t begin, std::int64_t end) {
      edits.add([&](Problem& problem) {
        for (std::int64_t i = begin; i < end; ++i) {
          problem.mask.custom[b][zeros[static_cast<std::size_t>(i)]] = 1;
        }
      });
    };
    if (count > 0) show(0, count);
    for (const Piece piece : pieces(count, kMostParameterPieces)) show(piece.begin, piece.end);
  }
}

}  // namespace

Proposals simpler_parameters(const Case& base) {
  Edits edits(base);
  edits.add(simplest_everything);
  simplify_mask_lengths(edits);
  simplify_scalars(edits);
  simplify_vector(edits, &Problem::alibi_slopes, {1.0, 0.5}, simpler_factors_than);
  simplify_vector(edits, &Problem::sinks, {0.0, 1.0}, simpler_than);
  simplify_scales(edits, &Problem::q_scale);
  simplify_scales(edits, &Problem::k_scale);
  if (!base.problem().v_is_k_prefix) simplify_scales(edits, &Problem::v_scale);
  simplify_positions(edits);
  simplify_trees(edits);
  simplify_custom_masks(edits);
  return edits.take();
}

}  // namespace attest::shrinkers
