#include "campaign/board.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>
#include <type_traits>

#include <fmt/format.h>
#include <sys/mman.h>

#include "problem/errors.h"

namespace attest::campaign {

// A lock inside an atomic would be private to each process.
static_assert(std::atomic<double>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);
// The destructor unmaps the objects without destroying them.
static_assert(std::is_trivially_destructible_v<PairCounters>);
static_assert(std::is_trivially_destructible_v<LaneState>);

namespace {

void lower(std::atomic<std::uint64_t>& smallest, std::uint64_t k) {
  std::uint64_t seen = smallest.load();
  while (k < seen && !smallest.compare_exchange_weak(seen, k)) {
  }
}

}  // namespace

void PairCounters::count(const problem::Verdict& verdict) {
  cases.fetch_add(1, std::memory_order_relaxed);
  switch (verdict.status) {
    case problem::Status::kSkipped:
      skipped.fetch_add(1, std::memory_order_relaxed);
      return;
    case problem::Status::kInconclusive:
      inconclusive.fetch_add(1, std::memory_order_relaxed);
      return;
    default:
      judged.fetch_add(1, std::memory_order_relaxed);
      break;
  }
  if (!std::isfinite(verdict.severity)) return;
  double seen = worst.load(std::memory_order_relaxed);
  while (seen < verdict.severity &&
         !worst.compare_exchange_weak(seen, verdict.severity, std::memory_order_relaxed)) {
  }
}

void PairCounters::failed_at(std::uint64_t k) { lower(first_failure, k); }
void PairCounters::suspicious_at(std::uint64_t k) { lower(first_suspicion, k); }

void PairCounters::spent(const properties::Statistics& before,
                         const properties::Statistics& after) {
  const auto add = [](std::atomic<std::int64_t>& sum, std::int64_t amount) {
    sum.fetch_add(amount, std::memory_order_relaxed);
  };
  add(generate_ns, after.generate_ns - before.generate_ns);
  add(oracle_ns, after.oracle_ns - before.oracle_ns);
  add(kernel_ns, after.kernel_ns - before.kernel_ns);
  add(total_ns, after.total_ns - before.total_ns);
  add(escalations, after.escalations - before.escalations);
  add(vacuous, after.vacuous - before.vacuous);
  add(second_looks, after.second_looks - before.second_looks);
}

Board::Board(std::size_t pairs, std::size_t lanes) {
  constexpr std::size_t kHead = 64;  // room for Shared, and the alignment of what follows
  static_assert(sizeof(Shared) <= kHead);
  bytes_ = kHead + pairs * sizeof(PairCounters) + lanes * sizeof(LaneState);
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw SystemError(fmt::format("no shared memory for the campaign: {}", std::strerror(errno)));
  }
  auto* at = static_cast<std::byte*>(memory);
  shared_ = new (at) Shared;
  at += kHead;
  pairs_ = reinterpret_cast<PairCounters*>(at);
  for (std::size_t i = 0; i < pairs; ++i) new (pairs_ + i) PairCounters;
  at += pairs * sizeof(PairCounters);
  lanes_ = reinterpret_cast<LaneState*>(at);
  for (std::size_t i = 0; i < lanes; ++i) new (lanes_ + i) LaneState;
}

Board::~Board() { munmap(shared_, bytes_); }

}  // namespace attest::campaign
