#include "campaign/board.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <type_traits>

namespace attest::campaign {

// A lock inside an atomic would be private to each process.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<Phase>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);
// The memory is unmapped without destroying the objects, and comes back from a file as bytes.
static_assert(std::is_trivially_destructible_v<PairState>);
static_assert(std::is_trivially_destructible_v<LaneState>);
static_assert(std::is_trivially_destructible_v<LaneCounts>);
static_assert(std::is_trivially_copyable_v<Counts>);

namespace {

constexpr std::uint64_t kComplete = 0x6174746573742d31;
constexpr std::size_t kHead = 64;  // room for Shared, and the alignment of what follows

void lower(std::atomic<std::uint64_t>& smallest, std::uint64_t k) {
  std::uint64_t seen = smallest.load();
  while (k < seen && !smallest.compare_exchange_weak(seen, k)) {
  }
}

}  // namespace

void Counts::count(const problem::Verdict& verdict) {
  ++cases;
  switch (verdict.status) {
    case problem::Status::kSkipped:
      ++skipped;
      return;
    case problem::Status::kInconclusive:
      ++inconclusive;
      return;
    default:
      ++judged;
      break;
  }
  if (std::isfinite(verdict.severity)) worst = std::max(worst, verdict.severity);
}

void Counts::spent(const properties::Statistics& before, const properties::Statistics& after) {
  generate_ns += after.generate_ns - before.generate_ns;
  oracle_ns += after.oracle_ns - before.oracle_ns;
  kernel_ns += after.kernel_ns - before.kernel_ns;
  total_ns += after.total_ns - before.total_ns;
  escalations += after.escalations - before.escalations;
  vacuous += after.vacuous - before.vacuous;
  second_looks += after.second_looks - before.second_looks;
}

Counts& Counts::operator+=(const Counts& other) {
  cases += other.cases;
  sequences += other.sequences;
  judged += other.judged;
  skipped += other.skipped;
  inconclusive += other.inconclusive;
  worst = std::max(worst, other.worst);
  generate_ns += other.generate_ns;
  oracle_ns += other.oracle_ns;
  kernel_ns += other.kernel_ns;
  total_ns += other.total_ns;
  escalations += other.escalations;
  vacuous += other.vacuous;
  second_looks += other.second_looks;
  return *this;
}

void PairState::failed_at(std::uint64_t k) { lower(first_failure, k); }
void PairState::suspicious_at(std::uint64_t k) { lower(first_suspicion, k); }

std::size_t Board::bytes(std::size_t pairs, std::size_t lanes) {
  static_assert(sizeof(Shared) <= kHead);
  return kHead + pairs * sizeof(PairState) + lanes * sizeof(LaneState) +
         lanes * pairs * sizeof(LaneCounts);
}

Board::Board(std::size_t pairs, std::size_t lanes, const std::optional<std::filesystem::path>& file)
    : memory_(bytes(pairs, lanes), file), num_pairs_(pairs), num_lanes_(lanes) {
  std::byte* at = memory_.data();
  shared_ = reinterpret_cast<Shared*>(at);
  at += kHead;
  pairs_ = reinterpret_cast<PairState*>(at);
  at += pairs * sizeof(PairState);
  lanes_ = reinterpret_cast<LaneState*>(at);
  at += lanes * sizeof(LaneState);
  slots_ = reinterpret_cast<LaneCounts*>(at);
  // Whoever made the file may have been killed before it was through.
  if (memory_.reopened() && shared_->complete == kComplete) {
    shared_->stop = false;
    shared_->next_task = 0;
    return;
  }
  new (shared_) Shared;
  for (std::size_t i = 0; i < pairs; ++i) new (pairs_ + i) PairState;
  for (std::size_t i = 0; i < lanes; ++i) new (lanes_ + i) LaneState;
  for (std::size_t i = 0; i < lanes * pairs; ++i) new (slots_ + i) LaneCounts;
  shared_->complete = kComplete;
}

Counts Board::counts(std::size_t pair) const {
  Counts sum;
  for (std::size_t lane = 0; lane < num_lanes_; ++lane) sum += slot(lane, pair).counts();
  return sum;
}

}  // namespace attest::campaign
