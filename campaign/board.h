// What lanes tell the supervisor while they work: counters in memory that all of them share.
// Everything is lock-free, so a lane that is killed leaves nothing locked.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "properties/harness.h"

namespace attest::campaign {

inline constexpr std::uint64_t kNoFailure = std::numeric_limits<std::uint64_t>::max();

/// Of one (kernel, property) pair.
struct PairCounters {
  std::atomic<std::int64_t> cases{0};         ///< drawn
  std::atomic<std::int64_t> sequences{0};     ///< of all judged cases together
  std::atomic<std::int64_t> judged{0};        ///< checks with a verdict
  std::atomic<std::int64_t> skipped{0};       ///< cases outside the preconditions
  std::atomic<std::int64_t> inconclusive{0};  ///< checks that could not decide
  /// Smallest k that failed. Cases above it are not run any more.
  std::atomic<std::uint64_t> first_failure{kNoFailure};
  /// Smallest k that passed with a suspicion. Cases above it get no second looks.
  std::atomic<std::uint64_t> first_suspicion{kNoFailure};
  std::atomic<double> worst{0.0};  ///< largest finite error / bound

  std::atomic<std::int64_t> generate_ns{0};
  std::atomic<std::int64_t> oracle_ns{0};
  std::atomic<std::int64_t> kernel_ns{0};
  std::atomic<std::int64_t> total_ns{0};
  std::atomic<std::int64_t> escalations{0};
  std::atomic<std::int64_t> vacuous{0};
  std::atomic<std::int64_t> second_looks{0};

  void count(const problem::Verdict& verdict);
  void failed_at(std::uint64_t k);
  void suspicious_at(std::uint64_t k);
  /// Adds what a harness spent between two looks at its statistics.
  void spent(const properties::Statistics& before, const properties::Statistics& after);
};

/// What a lane is doing, for the message when it dies: an item of the present phase.
struct LaneState {
  std::atomic<std::int64_t> item{-1};
  std::atomic<std::uint64_t> k{0};
};

class Board {
 public:
  /// Throws: SystemError without memory.
  Board(std::size_t pairs, std::size_t lanes);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  PairCounters& pair(std::size_t i) const { return pairs_[i]; }
  LaneState& lane(std::size_t i) const { return lanes_[i]; }
  /// Set by the supervisor: lanes end after the case at hand.
  std::atomic<bool>& stop() const { return shared_->stop; }
  /// Hands out the tasks of a phase, one number each. The supervisor sets it to 0 between phases.
  std::atomic<std::int64_t>& next_task() const { return shared_->next_task; }

 private:
  struct Shared {
    std::atomic<bool> stop{false};
    std::atomic<std::int64_t> next_task{0};
  };
  std::size_t bytes_ = 0;
  Shared* shared_ = nullptr;
  PairCounters* pairs_ = nullptr;
  LaneState* lanes_ = nullptr;
};

}  // namespace attest::campaign
