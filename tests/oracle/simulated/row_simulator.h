// One output row of a simulated kernel: scores, tiles, weights, parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "problem/plan.h"
#include "tests/oracle/simulated/machine.h"
#include "tests/oracle/simulated/merges.h"
#include "tests/oracle/simulated/scores.h"
#include "tests/oracle/simulated/shifts.h"
#include "tests/oracle/simulated/simulated_kernel.h"

namespace attest::tests {

template <typename T>
class RowSimulator {
 public:
  /// Keeps references to all.
  RowSimulator(const Style& style, const Sabotage& sabotage, Random& random)
      : style_(style),
        sabotage_(sabotage),
        random_(random),
        machine_(style, sabotage, random),
        scores_(style, sabotage, machine_),
        shifts_(style, sabotage, machine_),
        merges_(style, machine_, shifts_) {}

  SimulatedRow attend(const SimulatedCall& call, std::int64_t b, std::int64_t head,
                      std::int64_t row, const std::optional<problem::Range>& keys);
  SimulatedRow merge(const std::vector<SimulatedRow>& given);

 private:
  using Tile = std::vector<std::size_t>;  ///< indices into the visible keys
  using Tiles = std::vector<Tile>;

  std::vector<Tiles> cut_into_parts();
  State<T> run_part(Tiles tiles, bool with_sink);
  void add_tile(State<T>& state, const Tile& tile);
  void weigh(State<T>& state, const Tile& tile);
  void add_values(State<T>& state, const Tile& tile, const std::vector<T>& weights);
  void join_lanes(State<T>& state);
  void normalise_first(State<T>& state, const Tiles& tiles);
  void shuffle(Tiles& tiles);
  State<T> sink_state();

  const Style& style_;
  const Sabotage& sabotage_;
  Random& random_;
  Machine<T> machine_;
  Scores<T> scores_;
  Shifts<T> shifts_;
  Merges<T> merges_;

  LoadedRow<T> loaded_;
  std::vector<std::size_t> slot_;  ///< [visible keys] place in its part, which lanes go by
  std::vector<T> weights_, rounded_, column_;  ///< of one tile
};

extern template class RowSimulator<float>;
extern template class RowSimulator<double>;

}  // namespace attest::tests
