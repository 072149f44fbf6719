// Mode asan: what AddressSanitizer and UBSan report of a kernel is a finding, and the launch ends
// there.
#include <gtest/gtest.h>

#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/memory_rules.h"

/// As docs/cuda-without-a-gpu.md asks for.
extern "C" const char* __asan_default_options() {
  return "halt_on_error=0:suppress_equal_pcs=0:detect_leaks=0";
}

namespace attest::simt {
namespace {

constexpr int kLaunchFailure = 719;

void expect_sanitizer_finding() {
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kSanitizer);
  EXPECT_NE(report().findings[0].text.find("heap-buffer-overflow"), std::string::npos)
      << report().findings[0].text;
}

TEST(ModeAsan, AReadPastTheEndIsAFinding) {
  DeviceArray<int> in(32), out(64);
  set_options({});
  EXPECT_EQ(simt_memory::read_past_end(in.data(), out.data(), 32), kLaunchFailure);
  expect_sanitizer_finding();
  set_options({});  // and the next launch is a clean one
  EXPECT_EQ(simt_memory::read_past_end(in.data(), out.data(), 31), 0);
  EXPECT_TRUE(report().ok());
}

TEST(ModeAsan, AWriteBeforeTheBeginIsAFinding) {
  DeviceArray<int> out(32);
  set_options({});
  EXPECT_EQ(simt_memory::write_before_begin(out.data()), kLaunchFailure);
  expect_sanitizer_finding();
}

TEST(ModeAsan, WhatIsOrderedAndWithinBoundsIsNone) {
  DeviceArray<int> data(64);
  set_options({});
  EXPECT_EQ(simt_memory::ordered_by_barrier(data.data()), 0);
  EXPECT_TRUE(report().ok());
}

}  // namespace
}  // namespace attest::simt
