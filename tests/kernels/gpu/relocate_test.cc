// A slab played by memory of the host: where a call's buffers would lie on a device.
#include "kernels/gpu/relocate.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/call_memory.h"
#include "kernels/launch.h"

namespace attest::kernels::gpu {
namespace {

constexpr std::int64_t kShape[] = {2, 3, 4};
constexpr std::int64_t kRows[] = {2, 3};

class RelocatedCallTest : public ::testing::Test {
 protected:
  RelocatedCallTest() : launch_(arena_) {
    conventions_.struct_size = sizeof(conventions_);
    call_.struct_size = sizeof(call_);
    call_.q = input("q", kShape);
    call_.k = input("k", kShape);
    call_.v = call_.k;  // a prefix of K: one buffer
    call_.o = launch_.tensor("o", Role::kOutput, ATTEST_F32, kShape);
    call_.kv_len = launch_.ints("kv_len", std::vector<std::int32_t>{5, 7});
    call_.workspace = launch_.add("workspace", Role::kScratch, 40);
    call_.workspace_bytes = 40;
  }

  attest_tensor input(const char* name, std::span<const std::int64_t> shape) {
    attest_tensor tensor = launch_.tensor(name, Role::kInput, ATTEST_F32, shape);
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    for (std::int64_t i = 0; i < count; ++i) {
      static_cast<float*>(tensor.data)[i] = static_cast<float>(++value_);
    }
    return tensor;
  }

  /// Every buffer of the relocated call lies in the slab, as large as on the host and with its
  /// contents, and stream and device are set.
  void expect_moved(Operation operation, const void* argument, std::size_t buffers) {
    const SlabLayout layout(operation, argument, conventions_, arena_);
    slab_.assign(layout.bytes(), std::byte{0});
    layout.fill(slab_.data());
    const Places places(layout, slab_.data(), {});
    const RelocatedCall moved(operation, argument, places, &stream_);
    const auto host = call_memory(operation, argument, conventions_);
    const auto device = call_memory(operation, moved.argument(), conventions_);
    ASSERT_EQ(host.size(), buffers);
    ASSERT_EQ(device.size(), buffers);
    for (const CallMemory& memory : device) {
      const auto* data = static_cast<const std::byte*>(memory.data);
      EXPECT_GE(data, slab_.data() + kCanary) << memory.name;
      EXPECT_LE(data + memory.bytes + kCanary, slab_.data() + slab_.size()) << memory.name;
    }
    for (const CallMemory& memory : host) {
      const std::byte* there = places.of(memory.data);
      EXPECT_EQ(std::memcmp(there, memory.data, memory.bytes), 0) << memory.name;
    }
  }

  Arena arena_;
  Launch launch_;
  attest_conventions conventions_{};
  attest_attend call_{};
  std::vector<std::byte> slab_;
  int stream_ = 0;
  int value_ = 0;
};

TEST_F(RelocatedCallTest, EveryBufferOfAnAttendLiesInTheSlab) {
  expect_moved(Operation::kAttend, &call_, 5);
  const SlabLayout layout(Operation::kAttend, &call_, conventions_, arena_);
  const Places places(layout, slab_.data(), {});
  const RelocatedCall moved(Operation::kAttend, &call_, places, &stream_);
  const auto& attend = *static_cast<const attest_attend*>(moved.argument());
  EXPECT_EQ(attend.stream, &stream_);
  EXPECT_EQ(attend.q.device, ATTEST_CUDA);
  EXPECT_EQ(attend.v.data, attend.k.data) << "still views of one buffer";
  EXPECT_EQ(attend.kv_len.host, call_.kv_len.host) << "the host's copy stays on the host";
  EXPECT_NE(attend.kv_len.device, call_.kv_len.device);
  EXPECT_EQ(call_.stream, nullptr) << "the host's call is left alone";
}

TEST_F(RelocatedCallTest, SoDoTheStateAndTheRangesOfAPart) {
  attest_attend_partial partial{};
  partial.struct_size = sizeof(partial);
  partial.call = call_;
  partial.call.o = {};
  partial.kv_begin = launch_.ints("kv_begin", std::vector<std::int32_t>{0, 0});
  partial.kv_end = launch_.ints("kv_end", std::vector<std::int32_t>{5, 7});
  partial.out.o = launch_.tensor("state.o", Role::kOutput, ATTEST_F32, kShape);
  partial.out.lse = launch_.tensor("state.lse", Role::kOutput, ATTEST_F32, kRows);
  expect_moved(Operation::kAttendPartial, &partial, 8);
}

TEST_F(RelocatedCallTest, SoDoTheStatesOfAMerge) {
  std::vector<attest_state> states(3);
  for (attest_state& state : states) {
    state.o = input("o", kShape);
    state.lse = input("lse", kRows);
  }
  attest_merge merge{};
  merge.struct_size = sizeof(merge);
  merge.num_states = 3;
  merge.states = states.data();
  merge.out.o = launch_.tensor("out.o", Role::kOutput, ATTEST_F32, kShape);
  merge.out.lse = launch_.tensor("out.lse", Role::kOutput, ATTEST_F32, kRows);
  expect_moved(Operation::kMerge, &merge, 8);
}

TEST_F(RelocatedCallTest, SoDoTheTokensOfAnAppend) {
  attest_append append{};
  append.struct_size = sizeof(append);
  append.k_new = input("k_new", kShape);
  append.v_new = input("v_new", kShape);
  append.k = input("k", kShape);
  append.v = input("v", kShape);
  expect_moved(Operation::kAppend, &append, 4);
}

TEST_F(RelocatedCallTest, SoDoTheTablesOfAnAppendThatAttends) {
  attest_append_attend both{};
  both.struct_size = sizeof(both);
  both.call = call_;
  both.k_new = input("k_new", kShape);
  both.v_new = input("v_new", kShape);
  both.rotary_cos = input("rotary_cos", kRows);
  both.rotary_sin = input("rotary_sin", kRows);
  expect_moved(Operation::kAppendAttend, &both, 9);
}

TEST_F(RelocatedCallTest, WhatWasWrittenOutsideOfABufferIsNamed) {
  const SlabLayout layout(Operation::kAttend, &call_, conventions_, arena_);
  slab_.assign(layout.bytes(), std::byte{0});
  layout.fill(slab_.data());
  const Places places(layout, slab_.data(), {});
  auto* o = reinterpret_cast<float*>(places.of(call_.o.data));
  o[0] = 42;
  EXPECT_EQ(layout.take(slab_), std::nullopt);
  EXPECT_EQ(static_cast<const float*>(call_.o.data)[0], 42) << "contents come back";
  o[2 * 3 * 4] = 43;  // one past the end
  EXPECT_EQ(layout.take(slab_), "o");
}

TEST_F(RelocatedCallTest, ATensorLargerThanMemoryLiesInAWindowLikeTheHosts) {
  if (!arena_.has_windows()) GTEST_SKIP() << "no address space";
  constexpr std::int64_t kElements = (std::int64_t{1} << 31) + 16;
  attest_tensor view = call_.k;
  view.rank = 1;
  view.shape[0] = kElements;
  view.stride[0] = 1;
  call_.v = launch_.in_window("v", 1, view, kElements, {{0, 64}});
  const auto offset = static_cast<const std::byte*>(call_.v.data) - arena_.window_at(1).base();

  const SlabLayout layout(Operation::kAttend, &call_, conventions_, arena_);
  EXPECT_LT(layout.bytes(), std::size_t{1} << 20);
  slab_.assign(layout.bytes(), std::byte{0});
  layout.fill(slab_.data());
  std::byte window{};  // stands for one: nothing of it is touched
  const Places places(layout, slab_.data(), {nullptr, &window});
  const RelocatedCall moved(Operation::kAttend, &call_, places, &stream_);
  const auto& attend = *static_cast<const attest_attend*>(moved.argument());
  EXPECT_EQ(attend.v.data, &window + offset);
  EXPECT_EQ(places.of(static_cast<const float*>(call_.v.data) + kElements - 1),
            &window + offset + (kElements - 1) * 4);
  EXPECT_EQ(layout.take(slab_), std::nullopt);
}

TEST_F(RelocatedCallTest, ABufferThatWasPutElsewhereIsFoundThere) {
  const SlabLayout layout(Operation::kAttend, &call_, conventions_, arena_);
  slab_.assign(layout.bytes(), std::byte{0});
  Places places(layout, slab_.data(), {});
  std::vector<std::byte> elsewhere(4096);
  for (std::size_t i = 0; i < layout.blocks().size(); ++i) {
    if (layout.blocks()[i].name == "q") places.put(i, elsewhere.data());
  }
  EXPECT_EQ(places.of(static_cast<const float*>(call_.q.data) + 5), elsewhere.data() + 20);
  EXPECT_GE(places.of(call_.o.data), slab_.data());
}

}  // namespace
}  // namespace attest::kernels::gpu
