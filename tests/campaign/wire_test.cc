#include "campaign/wire.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "problem/errors.h"

namespace attest::campaign {
namespace {

TEST(Wire, WhatWasWrittenIsRead) {
  problem::Verdict verdict = problem::Verdict::fail("value", "a message\nof two lines", 1e300);
  verdict.where =
      problem::Where{.tensor = "o", .sequence = 1, .row = 2, .head = 3, .lane = 4, .page = 5};
  verdict.expected = -0.0;
  verdict.got = std::numeric_limits<double>::infinity();
  verdict.bound = 1e-300;
  verdict.suspicion = {{.tensor = "lse", .sequence = 3, .row = 1, .head = 4}, 2.5, 1, 2, 0.4, 5};
  const std::string bytes =
      WireWriter().integer(-7).text(std::string("a\0b", 3)).verdict(verdict).real(0.1).take();

  WireReader reader(bytes);
  EXPECT_EQ(reader.integer(), -7);
  EXPECT_EQ(reader.text(), std::string("a\0b", 3));
  const problem::Verdict read = reader.verdict();
  EXPECT_EQ(read.status, verdict.status);
  EXPECT_EQ(read.failure_class, verdict.failure_class);
  EXPECT_EQ(read.severity, verdict.severity);
  EXPECT_EQ(read.where, verdict.where);
  EXPECT_EQ(read.expected, verdict.expected);
  EXPECT_EQ(read.got, verdict.got);
  EXPECT_EQ(read.bound, verdict.bound);
  EXPECT_EQ(read.message, verdict.message);
  EXPECT_EQ(read.suspicion, verdict.suspicion);
  EXPECT_EQ(reader.real(), 0.1);
}

TEST(Wire, BytesThatEndTooEarlyAreRefused) {
  const std::string bytes = WireWriter().text("twelve bytes").take();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WireReader reader(std::string_view(bytes).substr(0, size));
    EXPECT_THROW(reader.text(), ContractError) << size;
  }
}

}  // namespace
}  // namespace attest::campaign
