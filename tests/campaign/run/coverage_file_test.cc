// coverage.json, there and back.
#include "campaign/run/coverage_file.h"

#include <gtest/gtest.h>

#include "kernels/registry.h"
#include "kernels/session.h"
#include "problem/errors.h"
#include "properties/labels.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

using properties::LabelSet;

std::vector<kernels::KernelInfo> two_kernels() {
  return kernels::select_kernels(kernels::builtin_infos(),
                                 std::vector<std::string>{"cpu/dense_f32", "cpu/dense_f64"});
}

/// Every third label, from `first`.
LabelSet some_labels(std::size_t first) {
  LabelSet set;
  for (std::size_t a = first; a < properties::all_labels().size(); a += 3) set.set(a);
  return set;
}

TEST(CoverageFile, CountsWhatTheCampaignCounts) {
  const auto kernels = two_kernels();
  const CoverageMap map(2);
  map.add(0, some_labels(0));
  map.add(0, some_labels(1));
  map.add(1, some_labels(1));
  const Coverage all = measure(map, kernels).all;
  const MetCounts counts = count_met(met_labels(map, kernels));
  EXPECT_GT(counts.pairs, 100);
  EXPECT_EQ(counts.labels, all.labels_seen);
  EXPECT_EQ(counts.pairs, all.pairs_seen);
}

TEST(CoverageFile, ReadsBackAndGoesBackIntoAMap) {
  const auto kernels = two_kernels();
  const CoverageMap map(2);
  map.add(0, some_labels(0));
  map.add(1, some_labels(2));
  const std::vector<MetLabels> met = met_labels(map, kernels);
  const tests::TemporaryFolder folder;
  save_coverage(met, folder.path());
  EXPECT_EQ(read_coverage(folder.path()), met);

  const CoverageMap again(2);
  add_to(again, kernels, met);
  EXPECT_EQ(met_labels(again, kernels), met);
  EXPECT_EQ(measure(again, kernels).kernels[1].pairs_seen,
            measure(map, kernels).kernels[1].pairs_seen);
}

TEST(CoverageFile, PartsJoinedAreTheWhole) {
  const auto kernels = two_kernels();
  const CoverageMap whole(2), first(2), second(2);
  for (const CoverageMap* map : {&whole, &first}) map->add(0, some_labels(0));
  for (const CoverageMap* map : {&whole, &second}) map->add(0, some_labels(1));
  for (const CoverageMap* map : {&whole, &second}) map->add(1, some_labels(0));
  std::vector<MetLabels> met = met_labels(first, kernels);
  merge_met(met, met_labels(second, kernels));
  EXPECT_EQ(write_coverage(met), write_coverage(met_labels(whole, kernels)));
}

TEST(CoverageFile, LeavesOutLabelsAndKernelsThatAreUnknownHere) {
  const auto kernels = two_kernels();
  const CoverageMap map(2);
  add_to(map, kernels, {{"somebody/else", {"q_len: 0"}, {}}, {"cpu/dense_f32", {"no: label"}, {}}});
  EXPECT_EQ(count_met(met_labels(map, kernels)).labels, 0);
}

TEST(CoverageFile, RefusesWhatItWouldNotWrite) {
  const std::string good = write_coverage({{"k", {"a: 1", "b: 2"}, {{"a: 1", {"b: 2"}}}}});
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_EQ(write_coverage(parse_coverage(good, "coverage.json")), good);
  for (const std::string& text :
       {broken("\"attest_coverage\": 1", "\"attest_coverage\": 2"),
        broken("\"labels\"", "\"lavels\""), broken("\"a: 1\",", "\"b: 2\","),
        broken("\"k\"", "\"\\u001b[31m\""), broken("\"k\"", "7"),
        good.substr(0, good.size() / 2)}) {
    EXPECT_THROW(parse_coverage(text, "coverage.json"), CorpusError) << text;
  }
}

}  // namespace
}  // namespace attest::campaign
