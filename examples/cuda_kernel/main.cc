// Runs row_softmax on the CPU: once with every memory access looked at, then under 100 schedules.
#include <cmath>
#include <cstdio>
#include <vector>

#include "kernels/simt/simt.h"
#include "row_softmax.h"

ROW_SOFTMAX(row_softmax_plain);
ROW_SOFTMAX(row_softmax_check);

namespace simt = attest::simt;

namespace {

constexpr int kRows = 3;
constexpr int kColumns = 301;

bool is_softmax(const std::vector<float>& x, const std::vector<float>& y) {
  for (int row = 0; row < kRows; ++row) {
    double sum = 0;
    for (int i = 0; i < kColumns; ++i) sum += std::exp(double{x[row * kColumns + i]});
    for (int i = 0; i < kColumns; ++i) {
      const double wanted = std::exp(double{x[row * kColumns + i]}) / sum;
      if (!(std::abs(y[row * kColumns + i] - wanted) <= 1e-6)) return false;
    }
  }
  return true;
}

int fail(const char* what) {
  std::printf("%s\n", what);
  for (const simt::Finding& finding : simt::report().findings) {
    std::printf("%s: %s\n", simt::name(finding.kind), finding.text.c_str());
  }
  return 1;
}

}  // namespace

int main() {
  std::vector<float> x(kRows * kColumns);
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7 % 13) * 0.25f;

  simt::announce(x.data(), x.size() * sizeof(float), true, "x");
  simt::announce(y.data(), y.size() * sizeof(float), false, "y");
  simt::set_options({.policy = simt::Policy::kInOrder});
  if (row_softmax_check(x.data(), y.data(), kRows, kColumns) != 0) return fail("mode check:");
  if (!is_softmax(x, y)) return fail("wrong numbers in mode check");

  for (int seed = 0; seed < 100; ++seed) {
    const auto policy = static_cast<simt::Policy>(seed % simt::kPolicies);
    simt::set_options({.policy = policy, .seed = static_cast<std::uint64_t>(seed)});
    if (row_softmax_plain(x.data(), y.data(), kRows, kColumns) != 0) return fail("mode plain:");
    if (!is_softmax(x, y)) return fail("wrong numbers under a schedule");
  }
  std::printf("row_softmax: nothing found, on the CPU\n");
  return 0;
}
