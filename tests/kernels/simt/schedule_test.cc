// Schedules: what decides them, and that they are the same again.
#include <set>

#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/rules.h"

namespace attest::simt {
namespace {

constexpr int kBlocks = 6;
constexpr int kThreads = 70;

struct Outcome {
  std::vector<int> order;
  Report report;
};

Outcome run(Policy policy, std::uint64_t seed, std::uint32_t horizon = UINT32_MAX) {
  DeviceArray<int> out(1 + kBlocks * kThreads);
  set_options({.policy = policy, .seed = seed, .horizon = horizon});
  EXPECT_EQ(simt_rules::order_of_threads(out.data(), kBlocks, kThreads), 0);
  return {out.values(), report()};
}

TEST(Schedule, InOrderIsInOrder) {
  const Outcome in_order = run(Policy::kInOrder, 1);
  for (int i = 0; i < kBlocks * kThreads; ++i) {
    ASSERT_EQ(in_order.order[static_cast<std::size_t>(i) + 1], i);
  }
  EXPECT_EQ(in_order.report.random_decisions, 0u);
}

TEST(Schedule, ReverseBeginsWithTheLastThreadOfTheLastBlock) {
  const Outcome reverse = run(Policy::kReverse, 1);
  for (int i = 0; i < kBlocks * kThreads; ++i) {
    ASSERT_EQ(reverse.order[static_cast<std::size_t>(i) + 1], kBlocks * kThreads - 1 - i);
  }
}

TEST(Schedule, EachThreadRunsOnceUnderEveryPolicy) {
  for (const Policy policy : kEveryPolicy) {
    const Outcome one = run(policy, 3);
    EXPECT_EQ(std::set<int>(one.order.begin() + 1, one.order.end()).size(),
              static_cast<std::size_t>(kBlocks * kThreads));
  }
}

TEST(Schedule, TheSameSeedGivesTheSameOrderAndHash) {
  for (const Policy policy : kEveryPolicy) {
    const Outcome one = run(policy, 11);
    const Outcome again = run(policy, 11);
    EXPECT_EQ(one.order, again.order) << name(policy);
    EXPECT_EQ(one.report.schedule_hash, again.report.schedule_hash) << name(policy);
    EXPECT_EQ(one.report.decisions, again.report.decisions) << name(policy);
  }
}

TEST(Schedule, AnotherSeedGivesAnotherOrderAndHash) {
  for (const Policy policy : {Policy::kRandom, Policy::kPermutation, Policy::kWarpShuffle}) {
    const Outcome one = run(policy, 11);
    const Outcome other = run(policy, 12);
    EXPECT_NE(one.order, other.order) << name(policy);
    EXPECT_NE(one.report.schedule_hash, other.report.schedule_hash) << name(policy);
  }
}

TEST(Schedule, WithoutRandomDecisionsEveryRandomPolicyIsInOrder) {
  const Outcome in_order = run(Policy::kInOrder, 1);
  for (const Policy policy : {Policy::kRandom, Policy::kPermutation, Policy::kWarpShuffle}) {
    const Outcome none = run(policy, 11, 0);
    EXPECT_EQ(none.order, in_order.order) << name(policy);
    EXPECT_EQ(none.report.schedule_hash, in_order.report.schedule_hash) << name(policy);
    EXPECT_EQ(none.report.random_decisions, 0u);
  }
}

TEST(Schedule, AHorizonKeepsTheFirstDecisions) {
  for (const Policy policy : {Policy::kRandom, Policy::kPermutation, Policy::kWarpShuffle}) {
    const Outcome whole = run(policy, 11);
    const auto decisions = static_cast<std::uint32_t>(whole.report.random_decisions);
    ASSERT_GT(decisions, 10u) << name(policy);
    EXPECT_EQ(run(policy, 11, decisions).order, whole.order) << name(policy);
    const Outcome fewer = run(policy, 11, decisions / 2);
    EXPECT_EQ(fewer.report.random_decisions, decisions / 2) << name(policy);
    EXPECT_NE(fewer.report.schedule_hash, whole.report.schedule_hash) << name(policy);
  }
}

TEST(Schedule, AHorizonSpansTheLaunchesOfACall) {
  DeviceArray<int> out(1 + kBlocks * kThreads);
  set_options({.policy = Policy::kRandom, .seed = 4, .horizon = 10});
  for (int i = 0; i < 3; ++i) {
    out[0] = 0;
    EXPECT_EQ(simt_rules::order_of_threads(out.data(), kBlocks, kThreads), 0);
  }
  EXPECT_EQ(report().random_decisions, 10u);
  EXPECT_EQ(report().launches, 3u);
  EXPECT_EQ(out[1], 0) << "the last launch had none left and ran in order";
}

TEST(Schedule, BlocksRunInRandomOrderUnderRandomPolicies) {
  for (const Policy policy : {Policy::kRandom, Policy::kPermutation, Policy::kWarpShuffle}) {
    std::set<int> first_blocks;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      first_blocks.insert(run(policy, seed).order[1] / kThreads);
    }
    EXPECT_EQ(first_blocks.size(), static_cast<std::size_t>(kBlocks)) << name(policy);
  }
}

// The bits that decide stored schedules. If this fails, raise kScheduleVersion and the numbers.
TEST(Schedule, KeepsItsVersion) {
  EXPECT_EQ(kScheduleVersion, 1);
  EXPECT_EQ(run(Policy::kRandom, 1).order[1], 19);
}

TEST(SharedMemory, BeginsAsNaN) {
  DeviceArray<unsigned> out(2);
  set_options({});
  EXPECT_EQ(simt_rules::read_unwritten_shared(out.data()), 0);
  EXPECT_EQ(out[0], 0xffffffffu);
  EXPECT_EQ(out[1], 0xffffffffu);
}

TEST(SharedMemory, BeginsAsAskedFor) {
  DeviceArray<unsigned> out(2);
  set_options({.fill = Fill::kZero});
  EXPECT_EQ(simt_rules::read_unwritten_shared(out.data()), 0);
  EXPECT_EQ(out[0], 0u);
  set_options({.seed = 1, .fill = Fill::kRandom});
  EXPECT_EQ(simt_rules::read_unwritten_shared(out.data()), 0);
  const unsigned first = out[0];
  set_options({.seed = 2, .fill = Fill::kRandom});
  EXPECT_EQ(simt_rules::read_unwritten_shared(out.data()), 0);
  EXPECT_NE(out[0], first);
}

TEST(AsynchronousCopy, ThatIsNotWaitedForLeavesThePoison) {
  DeviceArray<float> in(256, 1.0f);
  DeviceArray<float> out(256);
  set_options({});
  EXPECT_EQ(simt_rules::async_copies(out.data(), in.data(), false), 0);
  EXPECT_EQ(out[100], 1.0f);
  EXPECT_NE(out[200], out[200]) << "NaN";
}

}  // namespace
}  // namespace attest::simt
