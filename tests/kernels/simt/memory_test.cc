// Mode check: races, uninitialised reads and accesses out of bounds, with their places; and what is
// none of these.
#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/memory_rules.h"

namespace attest::simt {
namespace {

template <class T>
using Array = DeviceArray<T>;

template <class Run>
void expect_none(Run run) {
  under_every_schedule(run, [] { EXPECT_GT(report().accesses, 0u); });
}

TEST(Race, InSharedMemoryNamesBothLines) {
  Array<int> out(64);
  set_options({});
  EXPECT_EQ(simt_memory::race_in_shared(out.data()), 719);
  ASSERT_EQ(report().findings.size(), 1u);
  // In order, thread 0 reads what nobody wrote before thread 1 can race with it.
  EXPECT_EQ(report().findings[0].kind, Kind::kUninitialisedRead);
  EXPECT_EQ(report().findings[0].place.line, simt_memory::kLines.race_read);

  set_options({.policy = Policy::kReverse});
  EXPECT_EQ(simt_memory::race_in_shared(out.data()), 719);
  EXPECT_EQ(report().findings[0].place.file, "memory_rules.cu");
}

TEST(Race, InGlobalMemoryIsFoundInEverySchedule) {
  Array<int> data(64);
  expect_finding(Kind::kRace, [&] { return simt_memory::race_in_global(data.data()); });
}

TEST(Race, NoneAcrossABarrier) {
  Array<int> data(64);
  expect_none([&] { return simt_memory::ordered_by_barrier(data.data()); });
}

TEST(Race, NoneAcrossSyncwarp) {
  Array<int> data(64);
  expect_none([&] { return simt_memory::ordered_by_syncwarp(data.data()); });
}

TEST(Race, ShufflesOrderNothingUnlessToldSo) {
  Array<int> data(64);
  expect_finding(Kind::kRace, [&] { return simt_memory::shuffles_as_barrier(data.data()); });
  set_options({.shuffles_order_memory = true});
  EXPECT_EQ(simt_memory::shuffles_as_barrier(data.data()), 0);
}

TEST(Race, SyncwarpOrdersOnlyTheLanesOfItsMask) {
  Array<int> data(64);
  expect_finding(Kind::kRace, [&] { return simt_memory::syncwarp_of_others(data.data()); });
}

TEST(Race, NoneBetweenAtomics) {
  Array<int> data(64);
  expect_none([&] { return simt_memory::atomics_together(data.data()); });
}

TEST(Race, BetweenAnAtomicAndAPlainWrite) {
  Array<int> data(64);
  expect_finding(Kind::kRace, [&] { return simt_memory::atomic_and_plain(data.data()); });
}

TEST(Race, NoneBetweenPartsOfAWord) {
  Array<unsigned short> halves(64);
  expect_none([&] { return simt_memory::halves_of_a_word(halves.data()); });
  Array<unsigned char> bytes(64);
  expect_none([&] { return simt_memory::bytes_of_a_word(bytes.data()); });
}

TEST(Race, InOneByteOfAWord) {
  Array<unsigned char> bytes(64);
  expect_finding(Kind::kRace, [&] { return simt_memory::same_byte(bytes.data()); });
}

TEST(Race, OfACopyThatLandsWithOtherThreadsReads) {
  Array<float> in(128, 1.0f);
  Array<float> out(32);
  set_options({.policy = Policy::kReverse});
  EXPECT_EQ(simt_memory::asynchronous_copy_overtaken(in.data(), out.data()), 719);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_TRUE(report().findings[0].kind == Kind::kRace ||
              report().findings[0].kind == Kind::kUninitialisedRead);
  EXPECT_EQ(report().findings[0].place.file, "memory_rules.cu");
}

TEST(UninitialisedRead, OfSharedMemory) {
  Array<int> out(64);
  expect_finding(Kind::kUninitialisedRead,
                 [&] { return simt_memory::read_shared_too_early(out.data()); });
  EXPECT_EQ(report().findings[0].place.line, simt_memory::kLines.uninitialised);
}

TEST(UninitialisedRead, OfDeviceMemoryThatWasAnnouncedWithoutAContent) {
  Array<int> in(32, 0, false);
  Array<int> out(32);
  expect_finding(Kind::kUninitialisedRead,
                 [&] { return simt_memory::read_device(in.data(), out.data()); });
  EXPECT_NE(report().findings[0].text.find("array at byte "), std::string::npos);
}

TEST(UninitialisedRead, NoneOnceAKernelHasWritten) {
  Array<int> in(64, 0, false);
  Array<int> out(32);
  set_options({});
  EXPECT_EQ(simt_memory::read_tables(in.data()), 0);
  EXPECT_EQ(simt_memory::read_device(in.data(), out.data()), 0);
}

TEST(OutOfBounds, PastTheEndSaysOfWhat) {
  Array<int> in(50);
  Array<int> out(32);
  expect_finding(Kind::kOutOfBounds,
                 [&] { return simt_memory::read_past_end(in.data(), out.data(), 50); });
  const Finding& finding = report().findings[0];
  EXPECT_EQ(finding.place.line, simt_memory::kLines.past_end);
  EXPECT_NE(finding.text.find("0 bytes past the end of array (200 bytes)"), std::string::npos)
      << finding.text;
}

TEST(OutOfBounds, BeforeTheBegin) {
  Array<int> out(32);
  expect_finding(Kind::kOutOfBounds, [&] { return simt_memory::write_before_begin(out.data()); });
  EXPECT_NE(report().findings[0].text.find("4 bytes before array"), std::string::npos);
}

TEST(OutOfBounds, HostMemoryIsNotTheDevices) {
  Array<int> out(32);
  const std::vector<int> host(4);
  expect_finding(Kind::kOutOfBounds,
                 [&] { return simt_memory::read_host_memory(host.data(), out.data()); });
}

TEST(OutOfBounds, NothingIsWithoutAnnouncedMemory) {
  std::vector<int> out(32);
  const std::vector<int> host(4, 3);
  set_options({});
  EXPECT_EQ(simt_memory::read_host_memory(host.data(), out.data()), 0);
  EXPECT_EQ(out[0], 3);
}

TEST(Memory, TablesAndLocalArraysAreTheKernelsOwn) {
  Array<int> out(32);
  expect_none([&] { return simt_memory::read_tables(out.data()); });
  EXPECT_EQ(out[2], 33);
  expect_none([&] { return simt_memory::local_arrays(out.data()); });
}

TEST(Memory, CopiesOfStructsAreSeen) {
  Array<float> in(160, 2.0f);
  Array<float> out(160, 0.0f, false);
  expect_none([&] { return simt_memory::copy_structs(in.data(), out.data(), 4); });
  EXPECT_EQ(out[159], 2.0f);
  Array<float> unwritten(160, 0.0f, false);
  expect_finding(Kind::kUninitialisedRead,
                 [&] { return simt_memory::copy_structs(unwritten.data(), out.data(), 4); });
}

constexpr int kBlocks = 5;
constexpr std::size_t kElements = 64 * kBlocks;

TEST(Blocks, TheLastBlockMayReadWhatOthersReleased) {
  Array<int> in(kElements, 1);
  Array<int> partial(kElements, 0, false);
  Array<unsigned> ticket(1);
  Array<int> total(1, 0, false);
  const auto check = [&] { EXPECT_EQ(total[0], 2 * static_cast<int>(kElements)); };
  for (int i = 0; i < 2; ++i) {  // the second time with the ticket that the last block reset
    under_every_schedule(
        [&] {
          return simt_memory::last_block_sums(in.data(), partial.data(), ticket.data(),
                                              total.data(), kBlocks);
        },
        check);
    under_every_schedule(
        [&] {
          return simt_memory::last_block_fence_before_barrier(in.data(), partial.data(),
                                                              ticket.data(), total.data(), kBlocks);
        },
        check);
  }
}

TEST(Blocks, WithoutAFenceNothingIsReleased) {
  Array<int> in(kElements, 1);
  Array<int> partial(kElements, 0, false);
  Array<unsigned> ticket(1);
  Array<int> total(1);
  expect_finding(Kind::kRace, [&] {
    ticket[0] = 0;
    return simt_memory::last_block_without_fence(in.data(), partial.data(), ticket.data(),
                                                 total.data(), kBlocks);
  });
  EXPECT_NE(report().findings[0].text.find(" of block ("), std::string::npos);
}

TEST(Blocks, AFenceAloneOrdersNothing) {
  Array<int> in(kElements, 1);
  Array<int> partial(kElements);
  Array<int> total(1);
  set_options({});
  EXPECT_EQ(
      simt_memory::last_block_without_ticket(in.data(), partial.data(), total.data(), kBlocks),
      719);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kRace);
}

TEST(Blocks, WritingOneAddressIsARace) {
  Array<int> out(8);
  expect_finding(Kind::kRace, [&] { return simt_memory::blocks_write_same(out.data(), 2); });
}

TEST(Blocks, LaunchesComeOneAfterTheOther) {
  Array<int> out(8);
  expect_none([&] { return simt_memory::two_launches(out.data(), 8); });
}

}  // namespace
}  // namespace attest::simt
