// What a campaign counts as covered.
#include "campaign/coverage.h"

#include <gtest/gtest.h>

#include "kernels/registry.h"
#include "kernels/session.h"

namespace attest::campaign {
namespace {

using properties::LabelSet;

std::vector<kernels::KernelInfo> kernels_named(const std::string& glob) {
  return kernels::select_kernels(kernels::builtin_infos(), std::vector{glob});
}

TEST(Coverage, CountsLabelsAndPairsOfJudgedCases) {
  const auto kernels = kernels_named("cpu/dense_f32");
  const CoverageMap map(1);
  const LabelSet declared = properties::declared_labels(kernels[0]);
  std::vector<std::size_t> apart;  // three labels that may meet
  for (std::size_t a = 0; a < properties::all_labels().size() && apart.size() < 3; ++a) {
    bool meets = declared[a];
    for (const std::size_t other : apart) meets = meets && properties::can_meet(a, other);
    if (meets) apart.push_back(a);
  }
  ASSERT_EQ(apart.size(), 3u);
  LabelSet first, second;
  first.set(apart[0]);
  first.set(apart[1]);
  second.set(apart[2]);
  map.add(0, first);
  map.add(0, second);
  const Coverage coverage = measure(map, kernels).all;
  EXPECT_EQ(coverage.labels, static_cast<std::int64_t>(declared.count()));
  EXPECT_EQ(coverage.labels_seen, 3);
  EXPECT_EQ(coverage.pairs_seen, 1);
  EXPECT_GT(coverage.pairs, 1000);
  EXPECT_TRUE(map.seen(0, apart[0], apart[1]));
  EXPECT_FALSE(map.seen(0, apart[0], apart[2]));
}

TEST(Coverage, OfAllKernelsTakesAPairFromAnyOfThem) {
  const auto kernels = kernels_named("cpu/dense_f*");
  ASSERT_GE(kernels.size(), 2u);
  const CoverageMap map(kernels.size());
  LabelSet everything;
  for (std::size_t a = 0; a < properties::all_labels().size(); ++a) everything.set(a);
  map.add(1, everything);
  const CampaignCoverage coverage = measure(map, kernels);
  EXPECT_EQ(coverage.kernels[0].pairs_seen, 0);
  EXPECT_EQ(coverage.kernels[1].pairs_seen, coverage.kernels[1].pairs);
  EXPECT_GE(coverage.all.pairs_seen, coverage.kernels[1].pairs);
  EXPECT_TRUE(coverage.kernels[1].missing.empty());
}

TEST(Coverage, NeverSaysHundredPercentWhenSomethingIsMissing) {
  CampaignCoverage coverage;
  coverage.all.labels = coverage.all.labels_seen = 80;
  coverage.all.pairs = 100'000;
  coverage.all.pairs_seen = 99'999;
  EXPECT_EQ(coverage_line(coverage),
            "coverage: 80 of 80 labels, 99,999 of 100,000 pairs of labels (99.9 %)\n");
  coverage.all.pairs_seen = 100'000;
  EXPECT_EQ(coverage_line(coverage),
            "coverage: 80 of 80 labels, 100,000 of 100,000 pairs of labels (100 %)\n");
}

}  // namespace
}  // namespace attest::campaign
