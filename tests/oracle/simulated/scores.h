// Scores of one row of a simulated kernel, and the values that go with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "problem/plan.h"
#include "tests/oracle/simulated/machine.h"
#include "tests/oracle/simulated/shifts.h"
#include "tests/oracle/simulated/simulated_kernel.h"

namespace attest::tests {

/// The keys that a row sees.
template <typename T>
struct LoadedRow {
  ScoreUnit<T> unit;               ///< of the scores
  std::vector<T> scores;           ///< [n]; -inf: a leaking key
  std::vector<std::int64_t> keys;  ///< [n] their indices, counted from the start of the range
  std::vector<T> values;           ///< [n, width]
  std::size_t width = 0;           ///< head_dim_v
  T v_scale = 1;                   ///< still to be applied
  std::int64_t range = 0;          ///< keys, seen or not
  double sink = 0;                 ///< -inf without one
};

template <typename T>
class Scores {
 public:
  /// Keeps references to all.
  Scores(const Style& style, const Sabotage& sabotage, Machine<T>& machine)
      : style_(style), sabotage_(sabotage), machine_(machine) {}

  LoadedRow<T> load(const SimulatedCall& call, std::int64_t b, std::int64_t head, std::int64_t row,
                    const std::optional<problem::Range>& keys);

 private:
  void set_scales(const SimulatedCall& call, std::int64_t b, std::int64_t head);
  void load_query(const SimulatedCall& call, std::int64_t b, std::int64_t head, std::int64_t row);
  T score(const SimulatedCall& call, std::int64_t b, std::int64_t head, std::int64_t row,
          std::int64_t key);
  T stored(T score, ScoreStore stage) const;

  const Style& style_;
  const Sabotage& sabotage_;
  Machine<T>& machine_;
  std::vector<T> q_, k_;  ///< one row, one key
  ScoreUnit<T> unit_;
  T scale_ = 1;    ///< softmax scale, and those of q and k unless applied per lane
  T k_scale_ = 1;  ///< per lane
  bool scales_query_ = false;
};

extern template class Scores<float>;
extern template class Scores<double>;

}  // namespace attest::tests
