// How warps reach memory, counted in mode check.
#include "tests/kernels/simt/access_patterns.h"

#include <gtest/gtest.h>

#include "kernels/simt/pattern.h"
#include "tests/kernels/simt/device_array.h"

namespace attest::simt {
namespace {

template <class Run>
AccessPattern counted(Run run) {
  set_options({});
  count_accesses(true);
  EXPECT_EQ(run(), 0);
  count_accesses(false);
  EXPECT_TRUE(report().ok());
  return access_pattern();
}

TEST(AccessPattern, NeighboursFillTheirSectors) {
  DeviceArray<float> in(64), out(64);
  const AccessPattern pattern =
      counted([&] { return simt_patterns::copy(in.data(), out.data(), 1); });
  EXPECT_EQ(pattern.global_requests, 4u);  // two warps read and write
  EXPECT_EQ(pattern.global_sectors, 16u);
  EXPECT_EQ(pattern.bytes_per_sector(), 32);
  EXPECT_EQ(pattern.shared_requests, 0u);
  EXPECT_EQ(pattern.lanes_per_request(), 32);
  EXPECT_EQ(pattern.share_diverged(), 0);
}

TEST(AccessPattern, StridesWasteThem) {
  DeviceArray<float> in(64 * 8), out(64 * 8);
  const auto run = [&](int stride) {
    return counted([&] { return simt_patterns::copy(in.data(), out.data(), stride); });
  };
  EXPECT_EQ(run(2).bytes_per_sector(), 16);
  EXPECT_EQ(run(8).bytes_per_sector(), 4);
  EXPECT_EQ(run(8).global_sectors, 128u);
}

TEST(AccessPattern, LanesThatAreMissingAreSeen) {
  DeviceArray<float> in(32), out(32);
  const AccessPattern pattern =
      counted([&] { return simt_patterns::copy_by_some(in.data(), out.data(), 4); });
  EXPECT_EQ(pattern.global_requests, 2u);
  EXPECT_EQ(pattern.lanes_per_request(), 8);
  EXPECT_EQ(pattern.share_diverged(), 1);
  EXPECT_EQ(pattern.bytes_per_sector(), 8);
}

TEST(AccessPattern, VectorsAreOneRequest) {
  DeviceArray<float> in(128), out(128);
  const AccessPattern pattern =
      counted([&] { return simt_patterns::copy_vectors(in.data(), out.data()); });
  EXPECT_EQ(pattern.bytes_per_sector(), 32);
  EXPECT_EQ(pattern.global_bytes, 1024u);
}

TEST(AccessPattern, BankConflictsAreCounted) {
  DeviceArray<float> out(32);
  const auto passes = [&](int stride) {
    const AccessPattern pattern =
        counted([&] { return simt_patterns::read_shared(out.data(), stride); });
    EXPECT_EQ(pattern.shared_requests, 33u);  // 32 that write a row each, and the read
    return pattern.shared_passes - 32;
  };
  EXPECT_EQ(passes(0), 1u);  // one word for all
  EXPECT_EQ(passes(1), 1u);
  EXPECT_EQ(passes(2), 2u);
  EXPECT_EQ(passes(3), 1u);
  EXPECT_EQ(passes(31), 1u);
  EXPECT_EQ(passes(16), 16u);
}

TEST(AccessPattern, NothingIsCountedUnlessAskedFor) {
  DeviceArray<float> in(64), out(64);
  count_accesses(true);
  count_accesses(false);
  set_options({});
  EXPECT_EQ(simt_patterns::copy(in.data(), out.data(), 1), 0);
  EXPECT_EQ(access_pattern().requests(), 0u);
}

}  // namespace
}  // namespace attest::simt
