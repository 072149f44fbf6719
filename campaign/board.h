// What lanes tell the supervisor while they work, in memory that all of them share: how far each
// lane is with each pair, and what it counted. Every slot has one writer and nothing is locked, so
// a lane that is killed leaves nothing locked and nothing half counted; a board behind a file is
// where a resumed campaign goes on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>

#include "campaign/shared_memory.h"
#include "properties/harness.h"

namespace attest::campaign {

inline constexpr std::uint64_t kNoFailure = std::numeric_limits<std::uint64_t>::max();

/// What became of the cases of one (kernel, property) pair.
struct Counts {
  std::int64_t cases = 0;         ///< drawn
  std::int64_t sequences = 0;     ///< of all judged cases together
  std::int64_t judged = 0;        ///< checks with a verdict
  std::int64_t skipped = 0;       ///< cases outside the preconditions
  std::int64_t inconclusive = 0;  ///< checks that could not decide
  double worst = 0;               ///< largest finite error / bound
  std::int64_t generate_ns = 0, oracle_ns = 0, kernel_ns = 0, total_ns = 0;
  std::int64_t escalations = 0, vacuous = 0, second_looks = 0;

  void count(const problem::Verdict& verdict);
  /// Adds what a harness spent between two looks at its statistics.
  void spent(const properties::Statistics& before, const properties::Statistics& after);
  Counts& operator+=(const Counts& other);
};

/// One lane's share of one pair. There are two copies of the counts: a change goes into the one
/// that does not count yet, then commit() turns them round. A kill finds the old or the new ones.
class LaneCounts {
 public:
  /// The counts as of the last commit.
  Counts counts() const { return copies_[turn_.load(std::memory_order_acquire) & 1]; }
  std::int64_t cases() const { return copies_[turn_.load(std::memory_order_acquire) & 1].cases; }
  void commit(const Counts& counts) {
    const std::uint64_t turn = turn_.load(std::memory_order_relaxed);
    copies_[(turn + 1) & 1] = counts;
    turn_.store(turn + 1, std::memory_order_release);
  }

 private:
  std::atomic<std::uint64_t> turn_{0};
  std::array<Counts, 2> copies_;
};

/// Of one pair, written by all lanes.
struct PairState {
  /// Smallest k that failed. Cases above it need not be run any more.
  std::atomic<std::uint64_t> first_failure{kNoFailure};
  /// Smallest k that passed with a suspicion. Cases above it get no second looks.
  std::atomic<std::uint64_t> first_suspicion{kNoFailure};
  /// Under a time budget: nothing new was met of late.
  std::atomic<bool> stale{false};

  void failed_at(std::uint64_t k);
  void suspicious_at(std::uint64_t k);
};

/// What a lane is doing, for the message when it dies: an item of the present phase.
struct LaneState {
  std::atomic<std::int64_t> item{-1};
  std::atomic<std::uint64_t> k{0};
};

enum class Phase : std::int32_t { kStored, kSearch, kFailures };

class Board {
 public:
  /// With a file that holds a board of this size: that one, as it was left.
  /// Throws: SystemError without memory, or room on the disk.
  Board(std::size_t pairs, std::size_t lanes,
        const std::optional<std::filesystem::path>& file = {});
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  PairState& pair(std::size_t i) const { return pairs_[i]; }
  LaneCounts& slot(std::size_t lane, std::size_t pair) const {
    return slots_[lane * num_pairs_ + pair];
  }
  LaneState& lane(std::size_t i) const { return lanes_[i]; }
  /// Over all lanes.
  Counts counts(std::size_t pair) const;

  /// Set by the supervisor: lanes end after the case at hand.
  std::atomic<bool>& stop() const { return shared_->stop; }
  /// Hands out the tasks of a phase, one number each. The supervisor sets it to 0 between phases.
  std::atomic<std::int64_t>& next_task() const { return shared_->next_task; }
  /// How far the campaign is, and the time it took so far; what a resumed one goes on from.
  std::atomic<Phase>& phase() const { return shared_->phase; }
  std::atomic<std::int64_t>& elapsed_ms() const { return shared_->elapsed_ms; }
  std::atomic<std::int64_t>& search_began_ms() const { return shared_->search_began_ms; }
  std::atomic<std::int64_t>& search_ms() const { return shared_->search_ms; }

 private:
  struct Shared {
    std::atomic<std::uint64_t> complete{0};  ///< kComplete once everything is set up
    std::atomic<bool> stop{false};
    std::atomic<Phase> phase{Phase::kStored};
    std::atomic<std::int64_t> next_task{0};
    std::atomic<std::int64_t> elapsed_ms{0};
    std::atomic<std::int64_t> search_began_ms{0};
    std::atomic<std::int64_t> search_ms{0};
  };
  static std::size_t bytes(std::size_t pairs, std::size_t lanes);

  SharedMemory memory_;
  std::size_t num_pairs_ = 0;
  std::size_t num_lanes_ = 0;
  Shared* shared_ = nullptr;
  PairState* pairs_ = nullptr;
  LaneState* lanes_ = nullptr;
  LaneCounts* slots_ = nullptr;
};

}  // namespace attest::campaign
