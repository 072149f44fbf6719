#include "tests/oracle/soundness.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "oracle/compare.h"

namespace attest::tests {

using oracle::Deviation;
using oracle::Reference;

std::uint64_t soundness_factor() {
  const char* factor = std::getenv("ATTEST_SOUNDNESS_FACTOR");
  return factor == nullptr ? 1 : std::strtoull(factor, nullptr, 10);
}

namespace {

std::string describe(const char* tensor, const Deviation& deviation) {
  return fmt::format("{}[{}] is {}: got {:.9g}, expected {:.9g}, bound {:.3g}, severity {:.4g}",
                     tensor, deviation.first, deviation.failure_class, deviation.got,
                     deviation.expected, deviation.bound, deviation.severity);
}

}  // namespace

std::string Tally::add(const RandomCase& the_case, const SimulatedOutputs& got,
                       const oracle::ExpectOptions& options, oracle::Expected& expected) {
  const auto compare = [&](const problem::Elements& outputs, const std::vector<Reference>& wanted,
                           std::size_t per_row) {
    Deviation deviation = oracle::compare(outputs, wanted);
    // Each round settles at least the first row that is too close to call.
    for (std::size_t row = 0; deviation.escalate && row < expected.lse.size(); ++row) {
      const auto close = static_cast<std::int64_t>(deviation.escalate_at / per_row);
      oracle::refine_row(the_case.problem, the_case.inputs, options, close, expected);
      deviation = oracle::compare(outputs, wanted);
      if (static_cast<std::int64_t>(deviation.escalate_at / per_row) == close) break;
    }
    return deviation;
  };
  const auto lanes = static_cast<std::size_t>(the_case.problem.head_dim_v);
  const Deviation o = compare(got.o, expected.o, lanes);
  const Deviation lse = compare(got.lse, expected.lse, 1);
  elements += static_cast<std::int64_t>(got.o.size() + got.lse.size());
  vacuous += o.vacuous + lse.vacuous;
  if (o.bad()) return describe("o", o);
  if (lse.bad()) return describe("lse", lse);
  if (o.escalate || lse.escalate) {
    ++undecided;
    return "";
  }
  worst_o = std::max(worst_o, o.severity);
  worst_lse = std::max(worst_lse, lse.severity);
  return "";
}

}  // namespace attest::tests
