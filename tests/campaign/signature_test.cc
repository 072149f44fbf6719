#include "campaign/signature.h"

#include <gtest/gtest.h>

namespace attest::campaign {
namespace {

using problem::Verdict;

Verdict in_tensor(const char* failure_class, const char* tensor) {
  Verdict verdict = Verdict::fail(failure_class, "a message with 0x7fff12 in it");
  verdict.where.emplace();
  verdict.where->tensor = tensor;
  return verdict;
}

TEST(Signature, NamesPropertyClassAndTensor) {
  EXPECT_EQ(signature_of("oracle.output", in_tensor("value", "o")), "oracle-output-value-o");
  EXPECT_EQ(signature_of("memory.append", in_tensor("bits", "k_cache")),
            "memory-append-bits-k_cache");
  EXPECT_EQ(signature_of("oracle.output", Verdict::fail("unwritten", "")),
            "oracle-output-unwritten");
}

TEST(Signature, ACrashIsBlamedOnItsSignalAndNotOnItsAddress) {
  const auto crash = [](const char* message) {
    Verdict verdict = Verdict::fail("crash", message);
    verdict.status = problem::Status::kCrash;
    return signature_of("oracle.output", verdict);
  };
  EXPECT_EQ(crash("attend: signal 11 (Segmentation fault) at 0x7f0011"),
            "oracle-output-crash-signal-11");
  EXPECT_EQ(crash("attend: signal 11 (Segmentation fault) at 0x7f0022"),
            "oracle-output-crash-signal-11");
  EXPECT_EQ(crash("attend: signal 6 (Aborted)"), "oracle-output-crash-signal-6");
  EXPECT_EQ(crash("exit code 3"), "oracle-output-crash-exit-code-3");
}

TEST(Signature, IsSafeAsTheNameOfAFolder) {
  const std::string name = signature_of("../etc", in_tensor("\x1b[31m::error", "a/b\n"));
  EXPECT_EQ(
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
      std::string::npos);
  EXPECT_NE(name.front(), '-');
  EXPECT_LE(signature_of(std::string(500, 'x'), Verdict::fail("nan", "")).size(), 120u);
}

}  // namespace
}  // namespace attest::campaign
