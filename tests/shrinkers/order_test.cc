#include "shrinkers/order.h"

#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "tests/shrinkers/random_case.h"

namespace attest::tests {
namespace {

using problem::Case;
using problem::KvLayout;
using problem::PoisonKind;
using shrinkers::Axis;
using shrinkers::complexity;

// A case in which one thing is as in plain_case() but for `edit`.
Case with(const std::function<void(Case&)>& edit) {
  Case value = plain_case();
  edit(value);
  EXPECT_EQ(problem::find_error(value), std::nullopt);
  return value;
}

TEST(Order, EarlierAxesDecide) {
  const Case more_sequences = with([](Case& c) { c.problem().sequences.push_back({0, 0, {}}); });
  const Case feature = with([](Case& c) { c.problem().mask.causal = true; });
  const Case parameter = with([](Case& c) { c.problem().scale = 0.1; });
  const Case tokens = with([](Case& c) { c.problem().sequences[0].kv_len = 900; });
  const Case heads = with([](Case& c) { c.problem().num_q_heads = c.problem().num_kv_heads = 64; });
  const Case lanes = with([](Case& c) { c.problem().head_dim_qk = c.problem().head_dim_v = 256; });
  const Case gap = with([](Case& c) { c.storage.gap_tokens = 40; });
  const Case chunks = with([](Case& c) { c.plan.num_splits = 1; });
  const Case poison = with([](Case& c) { c.poisons.push_back({}); });
  const Case value = with([](Case& c) { c.values.overrides[0].bits = 0x3dcccccd; });  // 0.1f
  const Case* const largest_first[] = {&more_sequences, &feature, &parameter, &tokens, &heads,
                                       &lanes,          &gap,     &chunks,    &poison, &value};
  for (std::size_t i = 1; i < std::size(largest_first); ++i) {
    EXPECT_LT(complexity(*largest_first[i]), complexity(*largest_first[i - 1])) << i;
  }
  EXPECT_LT(complexity(plain_case()), complexity(value));
}

TEST(Order, IgnoresNamesAndRecords) {
  const Case named = with([](Case& c) {
    c.property = "oracle.output";
    c.kernel = "planted/off_by_one";
    c.note = "found on a Tuesday";
    c.shrink = problem::ShrinkRecord{};
  });
  EXPECT_EQ(complexity(named), complexity(plain_case()));
}

TEST(Order, CountsEveryFeatureOnce) {
  const Case all = with([](Case& c) {
    problem::Problem& p = c.problem();
    p.num_q_heads = 2;
    p.mask.causal = true;
    p.mask.window_left = p.mask.window_right = 0;
    p.mask.attention_chunk = 1;
    p.mask.tree = {{{-1}}};
    p.mask.custom = {{1}};
    p.softcap = 1.0;
    p.alibi_slopes = p.sinks = {1.0, 1.0};
    p.bias = problem::Bias::kPerHead;
    p.sequences[0].start_pos = 0;
    p.q_scale = p.k_scale = p.v_scale = {1.0};
    p.o_scale = 1.0;
    c.storage = {KvLayout::kPagedNHD, 1, 1, {{0}}, 0, 0};
    c.storage.strides.o.token = 1;
    c.plan.num_splits = 2;
    c.plan.chunks = {{1}};
    c.plan.parts = {{{0, 1}}, {{1, 1}}};
  });
  EXPECT_EQ(complexity(all)[Axis::kFeatures], 22);
  EXPECT_EQ(complexity(plain_case())[Axis::kFeatures], 0);
}

TEST(Order, PrefersPlainBlockTables) {
  const auto paged = [](std::int64_t size, std::int64_t pool, std::vector<std::int32_t> row) {
    return with([&](Case& c) {
      c.problem().sequences[0].kv_len = 3;
      c.storage = {KvLayout::kPagedNHD, size, pool, {row}, 0, 0};
    });
  };
  EXPECT_LT(complexity(paged(1, 3, {0, 1, 2})), complexity(paged(1, 3, {0, 2, 1})));
  EXPECT_LT(complexity(paged(1, 3, {0, 2, 1})), complexity(paged(1, 4, {0, 1, 2})));
  EXPECT_LT(complexity(paged(3, 1, {0})), complexity(paged(1, 3, {0, 1, 2})));
  EXPECT_LT(complexity(paged(1, 3, {0, 1, 2})), complexity(paged(2, 2, {0, 1})));
}

TEST(Order, PrefersPackedTensorsAndSmallGaps) {
  const auto gapped = [](std::int64_t token, std::int64_t lane, bool one_head) {
    return with([&](Case& c) { c.storage.strides.k = {0, token, 0, lane, one_head}; });
  };
  const auto cost = [&](const Case& c) { return complexity(c)[Axis::kStrides]; };
  EXPECT_EQ(cost(plain_case()), 0);
  EXPECT_LT(complexity(gapped(0, 1, false)), complexity(gapped(0, 2, false)));
  EXPECT_LT(complexity(gapped(0, 1, false)), complexity(gapped(1, 1, false)));
  EXPECT_LT(complexity(gapped(1, 1, false)), complexity(gapped(1, 1, true)));
  EXPECT_LT(complexity(plain_case()), complexity(gapped(0, 1, false)));
}

TEST(Order, PrefersWrittenContentsToDrawnOnesAndSimpleOnesAmongThem) {
  const Case drawn = with([](Case& c) { c.values.overrides.clear(); });
  const Case written = with([](Case& c) { c.values.overrides[1].bits = 0x3dcccccd; });
  const Case one = with([](Case& c) { c.values.overrides[1].bits = 0x3f800000; });
  EXPECT_LT(complexity(written), complexity(drawn));
  EXPECT_LT(complexity(one), complexity(written));
  EXPECT_LT(complexity(plain_case()), complexity(one));
}

TEST(Order, RanksDistributionsAndPoisonsWithoutTies) {
  std::set<std::int64_t> ranks;
  for (int i = 0; i < problem::kNumDistributions; ++i) {
    ranks.insert(shrinkers::rank_of(static_cast<problem::Distribution>(i)));
  }
  EXPECT_EQ(ranks.size(), static_cast<std::size_t>(problem::kNumDistributions));
  EXPECT_EQ(*ranks.rbegin(), problem::kNumDistributions - 1);
  const PoisonKind simplest_first[] = {PoisonKind::kNaN, PoisonKind::kDominating,
                                       PoisonKind::kLargest, PoisonKind::kPlusInf,
                                       PoisonKind::kMinusInf};
  for (std::size_t i = 0; i < std::size(simplest_first); ++i) {
    EXPECT_EQ(shrinkers::rank_of(simplest_first[i]), static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace attest::tests
