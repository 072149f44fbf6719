// Correct kernels under many schedules: nothing is found. ATTEST_RUNS says how many, or
// ATTEST_SIMT_RUNS in the environment.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/kernels/simt/defects/cases.h"

namespace simt_defects {
namespace {

std::uint64_t runs() {
  const char* const text = std::getenv("ATTEST_SIMT_RUNS");
  return text == nullptr ? ATTEST_RUNS : std::stoull(text);
}

TEST(CorrectKernels, HaveNoFindingsUnderManySchedules) {
  using attest::simt::Policy;
  for (std::uint64_t number = 0; number < runs(); ++number) {
    attest::simt::set_options(
        {.policy = static_cast<Policy>(number % attest::simt::kPolicies), .seed = number});
    const Judgement judged = run_case(Defect::kNone, 1000 + number);
    ASSERT_FALSE(judged.found) << "run " << number << ": " << judged.how;
  }
}

}  // namespace
}  // namespace simt_defects
