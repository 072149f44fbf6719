#include "oracle/state.h"

#include <vector>

#include <gtest/gtest.h>

#include "oracle/mp.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using tests::Random;

template <typename Real>
Row<Real> merge_all(const std::vector<Row<Real>>& rows) {
  return merge<Real>(std::span<const Row<Real>>(rows));
}

Row<Mp> random_state(Random& random) {
  Row<Mp> row;
  row.empty = random.chance(20);
  row.lse = row.empty ? Mp(-kInfinity) : Mp(random.normal() * random.one_of({1.0, 100.0, 1e5}));
  for (int d = 0; d < 3; ++d) row.o.push_back(row.empty ? Mp(0) : Mp(random.normal()));
  return row;
}

/// Equal but for the last digits of fifty.
void expect_equal(const Row<Mp>& a, const Row<Mp>& b) {
  EXPECT_EQ(a.empty, b.empty);
  if (b.lse == Mp(-kInfinity)) {
    EXPECT_EQ(a.lse, b.lse);
  } else {
    EXPECT_TRUE(abs(a.lse - b.lse) <= Mp(1e-40) * (1 + abs(b.lse)));
  }
  ASSERT_EQ(a.o.size(), b.o.size());
  for (std::size_t d = 0; d < a.o.size(); ++d) EXPECT_TRUE(abs(a.o[d] - b.o[d]) <= Mp(1e-40));
}

TEST(StateMonoid, TheEmptyStateIsTheIdentity) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Row<Mp> x = random_state(random);
    const Row<Mp> identity{.o = {0, 0, 0}, .lse = -kInfinity, .empty = true};
    expect_equal(merge_all<Mp>({x, identity}), x);
    expect_equal(merge_all<Mp>({identity, x}), x);
  }
}

TEST(StateMonoid, MergeIsCommutative) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const Row<Mp> x = random_state(random);
    const Row<Mp> y = random_state(random);
    expect_equal(merge_all<Mp>({x, y}), merge_all<Mp>({y, x}));
  }
}

TEST(StateMonoid, MergeIsAssociative) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    const Row<Mp> x = random_state(random);
    const Row<Mp> y = random_state(random);
    const Row<Mp> z = random_state(random);
    const Row<Mp> left = merge_all<Mp>({merge_all<Mp>({x, y}), z});
    const Row<Mp> right = merge_all<Mp>({x, merge_all<Mp>({y, z})});
    expect_equal(left, right);
    expect_equal(left, merge_all<Mp>({x, y, z}));
  }
}

TEST(StateMonoid, TwoEmptyStatesStayEmpty) {
  const Row<double> identity{.o = {0}, .lse = -kInfinity, .empty = true};
  const Row<double> both = merge_all<double>({identity, identity});
  EXPECT_EQ(both.o[0], 0);
  EXPECT_EQ(both.lse, -kInfinity);
  EXPECT_TRUE(both.empty);
}

TEST(StateMonoid, NoStatesAtAllAreEmpty) {
  const Row<double> none = merge_all<double>({});
  EXPECT_TRUE(none.empty);
  EXPECT_EQ(none.lse, -kInfinity);
}

TEST(StateMonoid, ASinkAloneIsNotTheIdentity) {
  const Row<double> sink{.o = {0}, .lse = 1, .empty = true};
  const Row<double> keys{.o = {6}, .lse = 1, .empty = false};
  const Row<double> merged = merge_all<double>({sink, keys});
  EXPECT_EQ(merged.o[0], 3);
  EXPECT_FALSE(merged.empty);
}

TEST(StateMonoid, FarApartStatesDoNotOverflow) {
  const Row<double> low{.o = {5}, .lse = -1e5, .empty = false};
  const Row<double> high{.o = {7}, .lse = 1e5, .empty = false};
  const Row<double> merged = merge_all<double>({low, high});
  EXPECT_EQ(merged.o[0], 7);
  EXPECT_EQ(merged.lse, 1e5);
}

TEST(StateMonoid, PartsOfARowMergeToTheWhole) {
  Random random(4);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const tests::RandomCase c =
        tests::random_case(seed, tests::Data::kNormal, {.max_tokens = 10, .max_dim = 4});
    const problem::Sequence& s = c.problem.sequences[0];
    for (std::int64_t row = 0; row < s.q_len; ++row) {
      const std::int64_t cut = random.between(0, s.kv_len);
      const Row<Mp> whole = attend_row<Mp>(c.problem, c.inputs, 0, 0, row, std::nullopt, false);
      const Row<Mp> first =
          attend_row<Mp>(c.problem, c.inputs, 0, 0, row, problem::Range{0, cut}, false);
      const Row<Mp> second =
          attend_row<Mp>(c.problem, c.inputs, 0, 0, row, problem::Range{cut, s.kv_len}, false);
      expect_equal(merge_all<Mp>({second, first}), whole);
    }
  }
}

}  // namespace
}  // namespace attest::oracle
