#include "properties/second_look.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/visible.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using problem::Distribution;
using problem::Elements;
using problem::Problem;
using problem::Range;
using problem::Status;
using problem::Verdict;

const problem::Numerics kF32 = problem::generic_numerics(problem::DType::kF32);

problem::Case case_of(Problem problem, Distribution distribution) {
  problem.scale = 1 / std::sqrt(static_cast<double>(problem.head_dim_qk));
  problem::Case value = problem::make_case(std::move(problem));
  value.values = {.distribution = distribution, .seed = 11};
  value.property = "oracle.output";
  return value;
}

Scene normal_scene(Problem problem) {
  return scene_of(case_of(std::move(problem), Distribution::kNormal));
}

/// For every key of the only sequence the one that it came from: the one nearest to it in lane 0.
std::vector<std::int64_t> origins(const Scene& scene, const Scene& other) {
  const std::int64_t dim = scene.problem.head_dim_qk;
  const std::int64_t count = scene.problem.sequences[0].kv_len;
  const auto lane = [dim](const Scene& from, std::int64_t key) {
    return from.inputs.k.value(static_cast<std::size_t>(key * dim));
  };
  std::vector<std::int64_t> from;
  for (std::int64_t key = 0; key < count; ++key) {
    std::int64_t nearest = 0;
    for (std::int64_t old = 0; old < count; ++old) {
      const double distance = std::abs(lane(scene, old) - lane(other, key));
      if (distance < std::abs(lane(scene, nearest) - lane(other, key))) nearest = old;
    }
    from.push_back(nearest);
  }
  return from;
}

TEST(Variant, IsAlwaysTheSameAndAnotherForEachRun) {
  const Scene scene = normal_scene({.sequences = {{2, 9}}, .head_dim_qk = 4, .head_dim_v = 4});
  std::set<std::vector<std::int64_t>> orders;
  for (int run = 0; run < kSecondLooks; ++run) {
    const Scene once = variant(scene, {}, kF32, run);
    const Scene again = variant(scene, {}, kF32, run);
    EXPECT_EQ(once.inputs.q, again.inputs.q);
    EXPECT_EQ(once.inputs.k, again.inputs.k);
    EXPECT_EQ(once.inputs.v, again.inputs.v);
    EXPECT_NE(once.inputs.q, scene.inputs.q);
    orders.insert(origins(scene, once));
  }
  EXPECT_EQ(orders.size(), static_cast<std::size_t>(kSecondLooks));
}

TEST(Variant, ExchangesOnlyKeysThatTheSameRowsSee) {
  Problem problem{.sequences = {{3, 12}}};
  problem.mask.causal = true;
  problem.mask.window_left = 7;
  const Scene scene = normal_scene(problem);
  int moved = 0;
  for (int run = 0; run < kSecondLooks; ++run) {
    const std::vector<std::int64_t> from = origins(scene, variant(scene, {}, kF32, run));
    std::set<std::int64_t> used(from.begin(), from.end());
    EXPECT_EQ(used.size(), from.size());
    for (std::int64_t key = 0; key < 12; ++key) {
      const std::int64_t old = from[static_cast<std::size_t>(key)];
      moved += old != key ? 1 : 0;
      for (std::int64_t row = 0; row < 3; ++row) {
        EXPECT_EQ(oracle::visible(problem, 0, row, key), oracle::visible(problem, 0, row, old));
      }
    }
  }
  EXPECT_GT(moved, 10);
}

TEST(Variant, LeavesKeysWhereTheirPlaceMatters) {
  for (const bool alibi : {true, false}) {
    Problem problem{.sequences = {{1, 8}}};
    if (alibi) problem.alibi_slopes = {0.5};
    if (!alibi) problem.bias = problem::Bias::kShared;
    const Scene scene = normal_scene(problem);
    const std::vector<std::int64_t> from = origins(scene, variant(scene, {}, kF32, 0));
    for (std::int64_t key = 0; key < 8; ++key) EXPECT_EQ(from[static_cast<std::size_t>(key)], key);
  }
}

TEST(Variant, KeepsTheKeysOfAPartTogether) {
  const Scene scene = normal_scene({.sequences = {{1, 12}}});
  for (int run = 0; run < kSecondLooks; ++run) {
    const std::vector<Range> part{{3, 8}};
    const std::vector<std::int64_t> from = origins(scene, variant(scene, part, kF32, run));
    for (std::int64_t key = 0; key < 12; ++key) {
      const std::int64_t old = from[static_cast<std::size_t>(key)];
      EXPECT_EQ(key >= 3 && key < 8, old >= 3 && old < 8);
    }
  }
}

TEST(Variant, HasNearlyTheSameAnswer) {
  Problem problem{.sequences = {{3, 9}, {2, 5}}, .num_q_heads = 4, .num_kv_heads = 2};
  problem.head_dim_qk = problem.head_dim_v = 8;
  problem.mask.causal = true;
  problem.sinks = {0.5, -1, 0, 2};
  for (const bool prefix : {false, true}) {
    problem.v_is_k_prefix = prefix;
    problem.num_kv_heads = prefix ? 1 : 2;
    const Scene scene = normal_scene(problem);
    const Scene other = variant(scene, {}, kF32, 0);
    const oracle::Expected a = oracle::expect_attend(scene.problem, scene.inputs, kF32);
    const oracle::Expected b = oracle::expect_attend(other.problem, other.inputs, kF32);
    for (std::size_t i = 0; i < a.o.size(); ++i) {
      EXPECT_NEAR(a.o[i].value, b.o[i].value, 1e-4);
      EXPECT_NE(a.o[i].value, b.o[i].value);
    }
  }
}

TEST(Variant, SharesNoPages) {
  problem::Case value = case_of({.sequences = {{1, 4}, {1, 6}}}, Distribution::kNormal);
  value.storage = {.layout = problem::KvLayout::kPagedNHD, .page_size = 2, .num_pages = 5};
  value.storage.block_table = {{4, 1}, {4, 1, 0}};
  const auto session = tests::open(tests::builtin("cpu/paged_decode_f32"));
  Harness harness(*session);
  const Scene scene = scene_of(value);
  const Scene other = variant(scene, {}, kF32, 0);
  ASSERT_TRUE(harness.supported(other));
  const auto run = harness.attend(other);
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(harness.judge(other, harness.expect(other), run.out).status, Status::kPass);
}

/// Results that are right, but for the first element of o, which is `shift` of the way from the
/// statistical bound to the bound.
Outputs off_by(const oracle::Expected& expected, double shift) {
  Outputs out{Elements(problem::DType::kF32, expected.o.size()),
              Elements(problem::DType::kF32, expected.lse.size())};
  for (std::size_t i = 0; i < expected.o.size(); ++i) out.o.set(i, expected.o[i].value);
  for (std::size_t i = 0; i < expected.lse.size(); ++i) out.lse.set(i, expected.lse[i].value);
  const oracle::Reference& first = expected.o[0];
  const double distance = first.statistical + std::abs(shift) * (first.bound - first.statistical);
  if (shift != 0) out.o.set(0, first.value + std::copysign(distance, shift));
  return out;
}

/// A scene on which the two bounds are far apart, judged with repetitions that err by shifts[run].
class Looks {
 public:
  explicit Looks(bool on) { harness_.second_looks(on); }
  Verdict judge(const std::vector<double>& shifts) {
    const oracle::Expected expected = harness_.expect(scene_);
    return harness_.judge(scene_, expected, off_by(expected, 0.5),
                          {.again = [&](const Scene& other) {
                            Run run;
                            run.out = off_by(harness_.expect(other), shifts.at(calls_++));
                            return run;
                          }});
  }

  std::size_t calls() const { return calls_; }
  Harness& harness() { return harness_; }

 private:
  std::unique_ptr<kernels::Session> session_ = tests::open(tests::builtin("cpu/dense_f32"));
  Harness harness_{*session_};
  Scene scene_ = normal_scene({.sequences = {{1, 1000}}, .head_dim_qk = 16, .head_dim_v = 2});
  std::size_t calls_ = 0;
};

TEST(SecondLook, ConfirmsWhatErrsTheSameWayEveryTime) {
  Looks looks(true);
  const Verdict verdict = looks.judge({0.5, 0.1, 0.9, 0.5, 0.5});
  EXPECT_EQ(verdict.status, Status::kPass);
  ASSERT_TRUE(verdict.suspicion);
  EXPECT_EQ(verdict.suspicion->runs, kSecondLooks);
  EXPECT_GT(verdict.suspicion->ratio, 1);
  EXPECT_GT(verdict.suspicion->got, verdict.suspicion->expected + verdict.suspicion->bound);
  EXPECT_EQ(verdict.suspicion->where,
            (problem::Where{.tensor = "o", .sequence = 0, .row = 0, .head = 0, .lane = 0}));
  EXPECT_EQ(looks.harness().statistics().second_looks, 1);
}

TEST(SecondLook, DismissesWhatErrsTheOtherWay) {
  Looks looks(true);
  EXPECT_FALSE(looks.judge({0.5, 0.5, 0.5, 0.5, -0.5}).suspicion);
  EXPECT_EQ(looks.calls(), 5U);
}

TEST(SecondLook, DismissesWhatDoesNotErrAgainAtOnce) {
  Looks looks(true);
  EXPECT_FALSE(looks.judge({0}).suspicion);
  EXPECT_EQ(looks.calls(), 1U);
}

TEST(SecondLook, IsOnlyTakenWhenAskedFor) {
  Looks looks(false);
  EXPECT_FALSE(looks.judge({}).suspicion);
  EXPECT_EQ(looks.harness().statistics().second_looks, 0);
}

TEST(SecondLook, DismissesRoundingsOfEqualTerms) {
  Scene scene = normal_scene({.sequences = {{1, 4096}}, .head_dim_qk = 4, .head_dim_v = 2});
  for (std::size_t i = 0; i < scene.inputs.q.size(); ++i) scene.inputs.q.set(i, 0);
  for (std::size_t i = 0; i < scene.inputs.v.size(); ++i) scene.inputs.v.set(i, 0.1);
  const auto session = tests::open(tests::builtin("cpu/dense_f32"));
  Harness harness(*session);
  harness.second_looks(true);
  const auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  const oracle::Expected expected = harness.expect(scene);
  // Thousands of additions that round the same way: beyond the statistical bound, as it must be.
  EXPECT_NE(oracle::excess(run.out.o, 0, expected.o[0]), 0);
  const Verdict verdict =
      harness.judge(scene, expected, run.out,
                    {.again = [&](const Scene& other) { return harness.attend(other); }});
  EXPECT_EQ(verdict.status, Status::kPass);
  EXPECT_FALSE(verdict.suspicion);
  EXPECT_EQ(harness.statistics().second_looks, 1);
}

TEST(SecondLook, ConfirmsAScaleThatIsALittleOff) {
  // What the definition says for another scale, rounded to f32: a kernel without other errors.
  const auto with_wrong_scale = [](const Scene& scene) {
    Problem wrong = scene.problem;
    wrong.scale *= 1 + 3e-5;
    return off_by(oracle::expect_attend(wrong, scene.inputs, kF32), 0);
  };
  const Scene scene = normal_scene({.sequences = {{1, 700}}, .head_dim_qk = 64, .head_dim_v = 8});
  const auto session = tests::open(tests::builtin("cpu/dense_f32"));
  Harness harness(*session);
  harness.second_looks(true);
  const auto again = [&](const Scene& other) {
    return properties::Run{with_wrong_scale(other), std::nullopt, ""};
  };
  const Verdict verdict =
      harness.judge(scene, harness.expect(scene), with_wrong_scale(scene), {.again = again});
  EXPECT_EQ(verdict.status, Status::kPass);
  ASSERT_TRUE(verdict.suspicion);
  EXPECT_GT(verdict.suspicion->ratio, 2);
}

}  // namespace
}  // namespace attest::properties
