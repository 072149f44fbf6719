// Prints one hash of everything expect_attend() says of a fixed set of cases, with the instruction
// set that computed it: tests/e2e/bits.sh compares builds.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "oracle/expected.h"
#include "oracle/simd/engine.h"
#include "problem/errors.h"
#include "tests/oracle/random_case.h"

namespace {

using namespace attest;  // NOLINT(google-build-using-namespace): a main file

std::uint64_t g_hash = 1469598103934665603U;

void add(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  g_hash = (g_hash ^ bits) * 1099511628211U;
  g_hash ^= g_hash >> 29;
}

/// Statistical bounds that nobody asked for may be anything.
void add(const std::vector<oracle::Reference>& references, bool statistical) {
  for (const oracle::Reference& r : references) {
    for (const double x : {r.value, r.low, r.ball, r.bound}) add(x);
    if (statistical) add(r.statistical);
    add(static_cast<double>(r.kind));
  }
}

void add_cases(problem::DType type, std::uint64_t seeds, std::int64_t tokens, std::int64_t dim,
               const problem::Numerics& numerics) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (int data = 0; data < tests::kNumData; ++data) {
      const tests::RandomCase c =
          tests::random_case(seed, static_cast<tests::Data>(data),
                             {.dtype = type, .max_tokens = tokens, .max_dim = dim});
      const bool statistical = data % 2 == 0;
      const oracle::Expected e =
          oracle::expect_attend(c.problem, c.inputs, numerics, {.statistical = statistical});
      add(e.o, statistical);
      add(e.lse, statistical);
    }
  }
}

}  // namespace

int main() try {
  using problem::DType;
  problem::Numerics declared = problem::generic_numerics(DType::kF32);
  declared.dot_lanes = declared.weight_lanes = 4;
  declared.tile = declared.ordered_block = 16;
  declared.max_splits = 1;
  problem::Numerics rounded = declared;
  rounded.p_dtype = DType::kBF16;
  rounded.p_unnormalised = true;
  add_cases(DType::kF32, 12, 40, 24, problem::generic_numerics(DType::kF32));
  add_cases(DType::kF32, 3, 600, 70, problem::generic_numerics(DType::kF32));
  add_cases(DType::kF32, 6, 60, 24, declared);
  add_cases(DType::kBF16, 4, 60, 24, rounded);
  add_cases(DType::kF64, 6, 40, 24, problem::generic_numerics(DType::kF64));
  std::printf("%s %016llx\n", oracle::simd::engine().name, static_cast<unsigned long long>(g_hash));
  return 0;
} catch (const attest::ContractError& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 3;  // this machine lacks the instruction set
}
