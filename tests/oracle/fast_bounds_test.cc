// The fast bounds against the readable ones, row by row: never below, and never far above.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "oracle/bounds.h"
#include "oracle/expected.h"
#include "oracle/row_reader.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::Data;
using tests::RandomCase;

/// What float cannot tell from 0 is none of the test's business.
constexpr double kUnderflow = 1e-30;
constexpr double kSquaresUnderflow = 1e-18;

/// Ratios of fast to readable bounds.
struct Ratios {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  double sum = 0;
  std::int64_t count = 0;

  void add(double fast, double readable) {
    if (!(readable > kUnderflow) || !(readable < 1e300) || fast > 1e300) return;
    const double ratio = fast / readable;
    least = std::min(least, ratio);
    most = std::max(most, ratio);
    sum += ratio;
    ++count;
  }
};

struct Seen {
  Ratios o, lse, statistical;
};

void compare_rows(const RandomCase& c, const problem::Numerics& numerics, bool statistical,
                  Seen& seen) {
  const ExpectOptions options{.statistical = statistical};
  const Expected expected = expect_attend(c.problem, c.inputs, numerics, options);
  const DecodedInputs decoded = decode_inputs(c.problem, c.inputs);
  RowReader reader(c.problem, c.inputs, decoded, options);
  const Arithmetic kernel = arithmetic_of(numerics, c.problem.q_dtype, 0);
  const auto lanes = static_cast<std::size_t>(c.problem.head_dim_v);
  BoundInput input;
  BoundScratch scratch;
  RowBound bound;
  std::size_t flat = 0;
  for (std::int64_t b = 0; b < c.problem.batch(); ++b) {
    for (std::int64_t row = 0; row < c.problem.sequences[static_cast<std::size_t>(b)].q_len;
         ++row) {
      for (std::int64_t head = 0; head < c.problem.num_q_heads; ++head, ++flat) {
        const Reference& lse = expected.lse[flat];
        if (lse.kind != Kind::kFinite || lse.bound == std::numeric_limits<double>::infinity()) {
          continue;
        }
        reader.read(b, row, head, input);
        reader.set_lse(lse.value, input);
        std::vector<double> o(lanes);
        for (std::size_t d = 0; d < lanes; ++d) o[d] = expected.o[flat * lanes + d].value;
        input.o = o;
        row_bounds(input, kernel, scratch, bound);
        seen.lse.add(lse.bound, bound.lse);
        for (std::size_t d = 0; d < lanes; ++d) {
          seen.o.add(expected.o[flat * lanes + d].bound, bound.o[d]);
          if (statistical && bound.statistical[d] > kSquaresUnderflow) {
            seen.statistical.add(expected.o[flat * lanes + d].statistical, bound.statistical[d]);
          }
        }
      }
    }
  }
}

Seen compare_cases(const problem::Numerics& numerics, bool statistical, std::int64_t max_tokens,
                   std::int64_t max_dim, std::uint64_t seeds) {
  Seen seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const Data data :
         {Data::kNormal, Data::kCoherent, Data::kNearTies, Data::kNeedle, Data::kRising,
          Data::kFalling, Data::kCancelling, Data::kConstantV, Data::kOneHotV}) {
      const RandomCase c = random_case(seed, data, {.max_tokens = max_tokens, .max_dim = max_dim});
      compare_rows(c, numerics, statistical, seen);
    }
  }
  const auto show = [](const char* name, const Ratios& r) {
    std::printf("  %s: fast / readable from %.6f to %.3f, mean %.4f over %ld\n", name, r.least,
                r.most, r.count > 0 ? r.sum / static_cast<double>(r.count) : 0,
                static_cast<long>(r.count));
  };
  show("o", seen.o);
  show("lse", seen.lse);
  show("statistical", seen.statistical);
  return seen;
}

// Float keeps seven digits and every loss is added; what is left is rounding of the comparison.
constexpr double kNotBelow = 1 - 1e-6;

TEST(FastBounds, AnyOrderIsNeverBelowTheReadableBoundsAndNotFarAbove) {
  const Seen seen = compare_cases(problem::generic_numerics(DType::kF32), false, 40, 24, 40);
  EXPECT_GT(seen.o.count, 10000);
  EXPECT_GE(seen.o.least, kNotBelow);
  EXPECT_GE(seen.lse.least, kNotBelow);
  EXPECT_LT(seen.o.sum / static_cast<double>(seen.o.count), 1.2);
  EXPECT_LT(seen.lse.sum / static_cast<double>(seen.lse.count), 1.2);
}

TEST(FastBounds, DeclaredOrderIsNeverBelowTheReadableBoundsAndHardlyAbove) {
  for (const std::int32_t block : {1, 4, 16}) {
    SCOPED_TRACE(block);
    problem::Numerics numerics = problem::generic_numerics(DType::kF32);
    numerics.ordered_block = numerics.tile = block;
    numerics.max_splits = 1;
    numerics.dot_lanes = 4;
    const Seen seen = compare_cases(numerics, true, 60, 24, 20);
    EXPECT_GT(seen.o.count, 10000);
    EXPECT_GE(seen.o.least, kNotBelow);
    EXPECT_GE(seen.lse.least, kNotBelow);
    EXPECT_LT(seen.o.sum / static_cast<double>(seen.o.count), 1.05);
    EXPECT_GE(seen.statistical.least, 0.99);
    EXPECT_LT(seen.statistical.sum / static_cast<double>(seen.statistical.count), 1.05);
  }
}

/// What properties that make no use of statistical bounds go by when they ask for none.
TEST(FastBounds, WithAnOrderOfKeysBoundsAreTheSameBitsWithoutStatisticalOnes) {
  for (const int merge_levels : {0, 2}) {  // fast and readable bounds
    problem::Numerics numerics = problem::generic_numerics(DType::kF32);
    numerics.ordered_block = numerics.tile = 4;
    numerics.merge_levels = merge_levels;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const RandomCase c = random_case(seed, Data::kNormal, {.max_tokens = 300, .max_dim = 24});
      const Expected with = expect_attend(c.problem, c.inputs, numerics, {.statistical = true});
      const Expected without = expect_attend(c.problem, c.inputs, numerics, {.statistical = false});
      for (std::size_t i = 0; i < with.o.size(); ++i) {
        ASSERT_EQ(with.o[i].value, without.o[i].value) << seed;
        ASSERT_EQ(with.o[i].ball, without.o[i].ball) << seed;
        ASSERT_EQ(with.o[i].bound, without.o[i].bound) << seed;
      }
      for (std::size_t i = 0; i < with.lse.size(); ++i) {
        ASSERT_EQ(with.lse[i].ball, without.lse[i].ball) << seed;
        ASSERT_EQ(with.lse[i].bound, without.lse[i].bound) << seed;
      }
    }
  }
}

TEST(FastBounds, RoundedProbabilitiesAreCovered) {
  problem::Numerics numerics = problem::generic_numerics(DType::kF32);
  numerics.p_dtype = DType::kBF16;
  numerics.p_unnormalised = true;
  numerics.weight_sum = problem::WeightSum::kRounded;
  const Seen seen = compare_cases(numerics, false, 40, 24, 20);
  EXPECT_GE(seen.o.least, kNotBelow);
  EXPECT_LT(seen.o.sum / static_cast<double>(seen.o.count), 1.2);
}

}  // namespace
}  // namespace attest::oracle
