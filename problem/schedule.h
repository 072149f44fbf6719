// The order in which the threads of a kernel run, for kernels on the SIMT executor (kernels/simt),
// and the number that a case stores for it. Numbers are ordered as schedules are simple: by policy,
// then by how many decisions are random, then by the seed.
#pragma once

#include <cstdint>

namespace attest::problem {

/// Values are those of simt::Policy.
enum class SchedulePolicy : std::uint8_t {
  kInOrder,
  kReverse,
  kRandom,
  kPermutation,
  kWarpShuffle
};

struct Schedule {
  static constexpr std::uint32_t kNoHorizon = (1u << 28) - 1;

  SchedulePolicy policy = SchedulePolicy::kInOrder;
  std::uint32_t horizon = kNoHorizon;  ///< random decisions before the rest runs in order
  std::uint32_t seed = 0;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// Plan::schedule_seed as a schedule. 0 is in order. Every number has one.
Schedule schedule_of(std::uint64_t schedule_seed);
/// The number of a schedule. 0 for every one in order.
std::uint64_t schedule_seed_of(const Schedule& schedule);
/// A schedule for a case drawn from `seed`: policies in rotation, now and then in order.
std::uint64_t draw_schedule_seed(std::uint64_t seed);

const char* name_of(SchedulePolicy policy);

}  // namespace attest::problem
