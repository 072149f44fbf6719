#include "problem/schedule.h"

#include <array>

#include "problem/values.h"

namespace attest::problem {
namespace {

// 1 bit unused, 3 of policy, 28 of horizon, 32 of seed: below 2^63, where shrinkers stop counting.
constexpr int kPolicyShift = 60;
constexpr int kHorizonShift = 32;

}  // namespace

Schedule schedule_of(std::uint64_t schedule_seed) {
  using P = SchedulePolicy;
  // Numbers that no schedule was encoded in have policies, too: programs draw any.
  constexpr std::array kPolicies = {P::kInOrder,     P::kReverse, P::kRandom,      P::kPermutation,
                                    P::kWarpShuffle, P::kRandom,  P::kPermutation, P::kPermutation};
  const SchedulePolicy policy = kPolicies[schedule_seed >> kPolicyShift & 7];
  if (policy == P::kInOrder) return {};
  return {
      .policy = policy,
      .horizon = static_cast<std::uint32_t>(schedule_seed >> kHorizonShift) & Schedule::kNoHorizon,
      .seed = static_cast<std::uint32_t>(schedule_seed)};
}

std::uint64_t schedule_seed_of(const Schedule& schedule) {
  if (schedule.policy == SchedulePolicy::kInOrder) return 0;
  return static_cast<std::uint64_t>(schedule.policy) << kPolicyShift |
         static_cast<std::uint64_t>(schedule.horizon) << kHorizonShift | schedule.seed;
}

std::uint64_t draw_schedule_seed(std::uint64_t seed) {
  const std::uint64_t drawn = derive_seed(seed, 0x7363686564ull);
  return schedule_seed_of({.policy = static_cast<SchedulePolicy>((drawn >> 32) % 5),
                           .seed = static_cast<std::uint32_t>(drawn)});
}

const char* name_of(SchedulePolicy policy) {
  switch (policy) {
    case SchedulePolicy::kInOrder:
      return "in order";
    case SchedulePolicy::kReverse:
      return "reverse";
    case SchedulePolicy::kRandom:
      return "random";
    case SchedulePolicy::kPermutation:
      return "random priorities";
    case SchedulePolicy::kWarpShuffle:
      return "random warps";
  }
  return "?";
}

}  // namespace attest::problem
