#include "kernels/launch.h"

#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"

namespace attest::kernels {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{80} << 20;

class LaunchTest : public ::testing::Test {
 protected:
  Arena arena_{kArenaBytes, Arena::Guards::kNone};
  Launch launch_{arena_};
};
using ArenaTest = LaunchTest;

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

TEST_F(ArenaTest, GivesAlignedMemoryThatDoesNotOverlap) {
  std::byte* a = arena_.allocate(3, 1);
  std::byte* b = arena_.allocate(5, 64);
  EXPECT_EQ(address(b) % 64, 0u);
  EXPECT_GE(b, a + 3);
  EXPECT_TRUE(arena_.contains(b, 5));
}

TEST_F(ArenaTest, KeepsItsContentsOverAReset) {
  std::byte* a = arena_.allocate(1, 1);
  *a = std::byte{42};
  arena_.reset();
  EXPECT_EQ(arena_.allocate(1, 1), a);
  EXPECT_EQ(*a, std::byte{42});
}

TEST_F(ArenaTest, GivesTheMemoryOfALargeLaunchBack) {
  std::byte* a = arena_.allocate(kArenaBytes, 1);
  a[0] = a[kArenaBytes - 1] = std::byte{42};
  arena_.reset();
  EXPECT_EQ(a[0], std::byte{42});
  EXPECT_EQ(a[kArenaBytes - 1], std::byte{0});
}

TEST_F(ArenaTest, SaysWhenItIsFull) {
  EXPECT_THROW(arena_.allocate(kArenaBytes + 1, 1), ContractError);
  EXPECT_NO_THROW(arena_.allocate(kArenaBytes, 1));
  EXPECT_THROW(arena_.allocate(1, 1), ContractError);
}

TEST_F(ArenaTest, RefusesWhatIsNoAlignment) {
  for (const std::size_t alignment : {0, 3, 24, 8192}) {
    EXPECT_THROW(arena_.allocate(1, alignment), ContractError) << alignment;
  }
}

TEST_F(ArenaTest, ContainsNothingThatReachesOutOfIt) {
  std::byte* begin = arena_.allocate(0, 1);
  EXPECT_TRUE(arena_.contains(begin, kArenaBytes));
  EXPECT_FALSE(arena_.contains(begin, kArenaBytes + 1));
  EXPECT_FALSE(arena_.contains(begin - 1, 1));
  EXPECT_FALSE(arena_.contains(begin + kArenaBytes, 1));
  EXPECT_FALSE(arena_.contains(nullptr, 0));
}

TEST_F(LaunchTest, ABufferIsAlignedAsAskedAndNoBetter) {
  for (const std::size_t alignment : {1, 2, 4, 8, 16, 64, 256, 2048}) {
    const std::byte* data = launch_.add("b", Role::kInput, 10, alignment);
    EXPECT_EQ(address(data) % alignment, 0u) << alignment;
    EXPECT_NE(address(data) % (2 * alignment), 0u) << alignment;
  }
  EXPECT_EQ(address(launch_.add("page", Role::kInput, 10, 4096)) % 4096, 0u);
}

TEST_F(LaunchTest, AnUntouchedLaunchHasNoDamage) {
  launch_.add("a", Role::kInput, 100);
  launch_.add("b", Role::kOutput, 0);
  launch_.seal();
  EXPECT_FALSE(launch_.find_damage().has_value());
}

TEST_F(LaunchTest, FindsAWriteToAnyByteAroundAnyBuffer) {
  for (const std::size_t bytes : {0, 1, 63, 64, 65, 1000}) {
    for (const std::size_t alignment : {4, 64, 4096}) {
      Launch launch(arena_);
      launch.add("first", Role::kInput, 7);
      std::byte* data = launch.add("middle", Role::kOutput, bytes, alignment);
      launch.add("last", Role::kScratch, 7);
      launch.seal();
      const auto size = static_cast<std::int64_t>(bytes);
      const auto reach = static_cast<std::int64_t>(Launch::kCanary);
      for (std::int64_t at = -reach; at < size + reach; ++at) {
        if (at == 0 && bytes > 0) at = size;
        data[at] ^= std::byte{1};
        const auto damage = launch.find_damage();
        ASSERT_TRUE(damage.has_value()) << bytes << " bytes, offset " << at;
        EXPECT_EQ(damage->buffer, "middle");
        EXPECT_TRUE(damage->canary);
        EXPECT_EQ(damage->offset, at);
        data[at] ^= std::byte{1};
      }
      EXPECT_FALSE(launch.find_damage().has_value());
    }
  }
}

class GuardedLaunch : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  GuardedLaunch() { arena_.place_by(GetParam()); }
  Arena arena_{kArenaBytes};
  Launch launch_{arena_};
};
INSTANTIATE_TEST_SUITE_P(Placement, GuardedLaunch, ::testing::Range<std::uint64_t>(0, 4));

constexpr std::size_t kPage = 4096;

TEST_P(GuardedLaunch, ABufferEndsOrBeginsAtAPageOrIsAlignedNoBetterThanAsked) {
  for (const std::size_t bytes : {0, 1, 60, 4096, 70000}) {
    for (const std::size_t alignment : {1, 4, 64, 4096}) {
      const std::byte* data = launch_.add("b", Role::kInput, bytes, alignment);
      ASSERT_EQ(address(data) % alignment, 0u);
      const std::size_t behind = (kPage - (address(data) + bytes) % kPage) % kPage;
      const bool ends = behind < alignment;
      const bool begins = address(data) % kPage == 0;
      const bool no_better = address(data) % (2 * alignment) != 0;
      EXPECT_TRUE(ends || begins || no_better) << bytes << ", " << alignment;
    }
  }
}

TEST_P(GuardedLaunch, FindsAWriteBesideAnyBufferWhereThereIsNoGuard) {
  for (const std::size_t bytes : {0, 1, 63, 64, 1000, 4096}) {
    Launch launch(arena_);
    std::byte* data = launch.add("middle", Role::kOutput, bytes, 4);
    launch.seal();
    EXPECT_FALSE(launch.find_damage().has_value());
    const bool room_before = address(data) % kPage != 0;
    const bool room_behind = (address(data) + bytes) % kPage != 0;
    EXPECT_TRUE(room_before || room_behind || bytes % kPage == 0);
    for (const bool before : {true, false}) {
      if (!(before ? room_before : room_behind)) continue;
      std::byte& beside = before ? data[-1] : data[bytes];
      beside ^= std::byte{1};
      const auto damage = launch.find_damage();
      ASSERT_TRUE(damage.has_value());
      EXPECT_EQ(damage->offset, before ? -1 : static_cast<std::int64_t>(bytes));
      beside ^= std::byte{1};
    }
  }
}

TEST_P(GuardedLaunch, TheNameOfABufferAndThePlacementSayWhereItLies) {
  const std::byte* first = launch_.add("q", Role::kInput, 100, 4);
  Launch again(arena_);
  EXPECT_EQ(again.add("q", Role::kInput, 100, 4), first);
}

TEST_P(GuardedLaunch, ManyAndLargeBuffersGoBesideEachOtherInTheEnd) {
  std::vector<std::byte*> places;
  for (int i = 0; i < 400; ++i) {
    places.push_back(launch_.add("s", Role::kOutput, 3000));
    std::memset(places.back(), i, 3000);
  }
  launch_.seal();
  EXPECT_FALSE(launch_.find_damage().has_value());
  places[399][3000] ^= std::byte{1};
  EXPECT_TRUE(launch_.find_damage().has_value());
}

TEST(GuardedArena, GivesTheMemoryOfALargeLaunchBack) {
  constexpr std::size_t kLarge = std::size_t{50} << 20;
  Arena arena;
  arena.place_by(1);
  for (int time = 0; time < 3; ++time) {
    Launch launch(arena);
    std::byte* first = launch.add("a", Role::kOutput, kLarge);
    std::byte* second = launch.add("b", Role::kOutput, kLarge);
    EXPECT_EQ(first[kLarge / 2], std::byte{0});
    EXPECT_EQ(second[kLarge / 2], std::byte{0});
    first[kLarge / 2] = second[kLarge / 2] = std::byte{42};
  }
}

TEST_F(LaunchTest, SaysWhereAnAddressIs) {
  const std::byte* data = launch_.add("k", Role::kInput, 2048);
  EXPECT_EQ(launch_.locate(address(data)), "0 bytes into k (input, 2,048 bytes)");
  EXPECT_EQ(launch_.locate(address(data) + 2047), "2,047 bytes into k (input, 2,048 bytes)");
  EXPECT_EQ(launch_.locate(address(data) + 2048), "right behind k (input, 2,048 bytes)");
  EXPECT_EQ(launch_.locate(address(data) + 2052), "4 bytes past the end of k (input, 2,048 bytes)");
  EXPECT_EQ(launch_.locate(address(data) - 1), "1 byte before k (input, 2,048 bytes)");
  EXPECT_FALSE(launch_.locate(64).has_value());
}

TEST_F(LaunchTest, LeavesNoUnwatchedByteBetweenTwoBuffers) {
  for (const std::size_t bytes : {1, 3, 64, 100}) {
    Launch launch(arena_);
    std::byte* first = launch.add("first", Role::kOutput, bytes);
    std::byte* second = launch.add("second", Role::kOutput, 8);
    launch.seal();
    for (std::byte* at = first + bytes; at < second; ++at) {
      *at ^= std::byte{0x80};
      EXPECT_TRUE(launch.find_damage().has_value()) << at - first;
      *at ^= std::byte{0x80};
    }
  }
}

TEST_F(LaunchTest, CanariesAreNoConstantThatAKernelMightWrite) {
  std::byte* data = launch_.add("b", Role::kOutput, 8);
  launch_.seal();
  for (int value = 0; value < 256; ++value) {
    for (std::size_t at = 0; at + 4 <= Launch::kCanary; at += 4) {
      int same = 0;
      for (std::size_t i = 0; i < 4; ++i)
        same += data[8 + at + i] == static_cast<std::byte>(value) ? 1 : 0;
      EXPECT_LT(same, 4) << "four times " << value << " at " << at;
    }
  }
}

TEST_F(LaunchTest, FindsTheFirstChangedByteOfAnInput) {
  std::byte* data = launch_.add("q", Role::kInput, 100);
  std::memset(data, 7, 100);
  launch_.seal();
  data[40] = data[60] = std::byte{0};
  const auto damage = launch_.find_damage();
  ASSERT_TRUE(damage.has_value());
  EXPECT_EQ(damage->buffer, "q");
  EXPECT_FALSE(damage->canary);
  EXPECT_EQ(damage->offset, 40);
}

TEST_F(LaunchTest, FindsAChangeOfALargeInput) {
  const std::size_t bytes = Launch::kCopyLimit + 1;
  std::byte* data = launch_.add("k", Role::kInput, bytes);
  launch_.seal();
  EXPECT_FALSE(launch_.find_damage().has_value());
  data[bytes - 1] ^= std::byte{1};
  const auto damage = launch_.find_damage();
  ASSERT_TRUE(damage.has_value());
  EXPECT_EQ(damage->offset, -1);
}

TEST_F(LaunchTest, OutputsCachesAndWorkspaceMayBeWritten) {
  for (const Role role : {Role::kOutput, Role::kUpdated, Role::kScratch})
    launch_.add("b", role, 50);
  std::byte* data[3];
  Launch launch(arena_);
  data[0] = launch.add("o", Role::kOutput, 50);
  data[1] = launch.add("k", Role::kUpdated, 50);
  data[2] = launch.add("w", Role::kScratch, 50);
  launch.seal();
  for (std::byte* at : data) std::memset(at, 1, 50);
  EXPECT_FALSE(launch.find_damage().has_value());
}

TEST_F(LaunchTest, SealingAgainForgetsDamage) {
  std::byte* data = launch_.add("q", Role::kInput, 8);
  launch_.seal();
  data[0] ^= std::byte{1};
  data[-1] ^= std::byte{1};
  launch_.seal();
  EXPECT_FALSE(launch_.find_damage().has_value());
}

TEST_F(LaunchTest, ATensorIsPackedRowMajor) {
  const std::int64_t shape[] = {2, 3, 5};
  const attest_tensor tensor = launch_.tensor("q", Role::kInput, ATTEST_F16, shape);
  EXPECT_EQ(tensor.rank, 3);
  EXPECT_EQ(tensor.dtype, ATTEST_F16);
  EXPECT_EQ(tensor.shape[1], 3);
  EXPECT_EQ(tensor.stride[0], 15);
  EXPECT_EQ(tensor.stride[1], 5);
  EXPECT_EQ(tensor.stride[2], 1);
  EXPECT_NE(tensor.data, nullptr);
}

TEST_F(LaunchTest, AnEmptyTensorIsPresent) {
  const std::int64_t shape[] = {0, 3, 5};
  EXPECT_NE(launch_.tensor("q", Role::kInput, ATTEST_F32, shape).data, nullptr);
}

TEST_F(LaunchTest, RefusesTensorsThatCannotBe) {
  const std::int64_t negative[] = {2, -1};
  const std::int64_t huge[] = {std::int64_t{1} << 40, std::int64_t{1} << 40, 0};
  const std::int64_t deep[] = {1, 1, 1, 1, 1, 1, 1};
  const std::int64_t large[] = {std::int64_t{1} << 40};
  for (const std::span<const std::int64_t> shape :
       {std::span<const std::int64_t>(negative), {huge}, {deep}, {large}}) {
    EXPECT_THROW(launch_.tensor("q", Role::kInput, ATTEST_F32, shape), ContractError);
  }
  const std::int64_t one[] = {1};
  EXPECT_THROW(launch_.tensor("q", Role::kInput, 99, one), ContractError);
}

TEST_F(LaunchTest, IntsAreTheSameNumbersForHostAndDevice) {
  const std::int32_t values[] = {0, 5, 9};
  const attest_ints ints = launch_.ints("cu_seqlens_q", values);
  EXPECT_EQ(ints.count, 3);
  EXPECT_EQ(ints.host, ints.device);
  EXPECT_EQ(ints.host[2], 9);
}

TEST_F(LaunchTest, NoIntsAreAbsent) {
  const attest_ints ints = launch_.ints("tree_indptr", {});
  EXPECT_EQ(ints.count, 0);
  EXPECT_EQ(ints.host, nullptr);
}

}  // namespace
}  // namespace attest::kernels
