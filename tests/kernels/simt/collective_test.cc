// Warp collectives: what they compute, and the rules for masks.
#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/rules.h"

namespace attest::simt {
namespace {

// From the CUDA programming guide, in other words than device/shuffle.h.
int by_the_guide(int how, int lane, int operand, int width) {
  const int segment = lane / width;
  if (how == 0) return segment * width + ((operand % width) + width) % width;
  if (how == 1) {
    const int other = lane ^ operand;
    return other / width > segment ? lane : other;
  }
  const int other = how == 2 ? lane - operand : lane + operand;
  return other < 0 || other / width != segment ? lane : other;
}

TEST(Shuffle, ReadsTheLanesOfTheProgrammingGuide) {
  DeviceArray<int> out(128);
  for (const int width : {1, 2, 8, 16, 32}) {
    for (const int operand : {0, 1, 3, 7, 12, 31}) {
      under_every_schedule([&] { return simt_rules::shuffles(out.data(), 32, operand, width); },
                           [&] {
                             for (int i = 0; i < 128; ++i) {
                               ASSERT_EQ(out[static_cast<std::size_t>(i)],
                                         by_the_guide(i / 32, i % 32, operand, width))
                                   << "operand " << operand << " width " << width << " at " << i;
                             }
                           });
    }
  }
}

TEST(Vote, CountsTheLanesThatAreThere) {
  DeviceArray<unsigned> out(128);
  under_every_schedule([&] { return simt_rules::votes(out.data(), 32); },
                       [&] {
                         EXPECT_EQ(out[7], 0x49249249u);
                         EXPECT_EQ(out[32], 1u);
                         EXPECT_EQ(out[64], 1u);
                         EXPECT_EQ(out[96], 0u);
                       });
}

TEST(Vote, FullMaskInAShortWarpMeansTheThreadsThatExist) {
  DeviceArray<unsigned> out(128);
  under_every_schedule([&] { return simt_rules::votes(out.data(), 7); },
                       [&] {
                         EXPECT_EQ(out[0], 0x49u);
                         EXPECT_EQ(out[64], 1u);
                       });
}

TEST(Reduce, CombinesAllLanes) {
  DeviceArray<int> out(6);
  under_every_schedule([&] { return simt_rules::reductions(out.data()); },
                       [&] {
                         EXPECT_EQ(out.values(), (std::vector<int>{176, -10, 21, -1, 0, 0}));
                       });
}

TEST(Match, GivesTheLanesWithTheSameValue) {
  DeviceArray<unsigned> out(96);
  under_every_schedule([&] { return simt_rules::matches(out.data()); },
                       [&] {
                         EXPECT_EQ(out[5], 0x22222222u);
                         EXPECT_EQ(out[37], 0xffffffffu);
                         EXPECT_EQ(out[70], 1u);
                       });
}

TEST(Mask, HalvesOfAWarpMayMeetInDifferentPlaces) {
  DeviceArray<int> out(32);
  under_every_schedule([&] { return simt_rules::halves_with_own_masks(out.data()); },
                       [&] {
                         EXPECT_EQ(out[9], 3);
                         EXPECT_EQ(out[25], 20);
                       });
}

TEST(Mask, WithoutTheCallerIsAFinding) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kMaskWithoutCaller,
                 [&] { return simt_rules::mask_without_caller(out.data()); });
}

TEST(Mask, ThatDiffersBetweenLanesIsAFinding) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kMaskMismatch, [&] { return simt_rules::masks_differ(out.data()); });
  EXPECT_NE(report().findings[0].text.find("0xffff8000"), std::string::npos);
}

TEST(Collective, OfAnotherKindIsAFinding) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kSiteMismatch, [&] { return simt_rules::operations_differ(out.data()); });
  const std::string& text = report().findings[0].text;
  EXPECT_NE(text.find("__any_sync"), std::string::npos) << text;
  EXPECT_NE(text.find("__all_sync"), std::string::npos) << text;
}

TEST(Collective, InAnotherPlaceIsAFindingUnlessAllowed) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kSiteMismatch, [&] { return simt_rules::places_differ(out.data()); });
  EXPECT_NE(report().findings[0].place.line, report().findings[0].other.line);
  set_options({.match_sites = false});
  EXPECT_EQ(simt_rules::places_differ(out.data()), 0);
  EXPECT_EQ(out[7], 1);
  EXPECT_EQ(out[8], 2);
}

TEST(Shuffle, FromALaneOutsideTheMaskIsAFinding) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kInactiveSourceLane,
                 [&] { return simt_rules::source_outside_mask(out.data()); });
}

TEST(Shuffle, FromALaneThatHasExitedIsAFinding) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kInactiveSourceLane, [&] { return simt_rules::source_exited(out.data()); });
}

TEST(Shuffle, WidthMustBeAPowerOfTwo) {
  DeviceArray<int> out(32);
  expect_finding(Kind::kBadArgument, [&] { return simt_rules::strange_width(out.data()); });
}

TEST(CooperativeGroups, TilesReduceShuffleAndVoteAmongThemselves) {
  DeviceArray<int> out(192);
  under_every_schedule([&] { return simt_rules::tiles(out.data()); },
                       [&] {
                         EXPECT_EQ(out[0], 28);
                         EXPECT_EQ(out[63], 8 * 56 + 28);
                         EXPECT_EQ(out[64 + 33], 34);
                         EXPECT_EQ(out[128 + 40], 0xaa);
                       });
}

}  // namespace
}  // namespace attest::simt
