#include "properties/harness.h"

#include <cmath>

#include <gtest/gtest.h>

#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using problem::Status;
using problem::Verdict;

kernels::KernelInfo misdeed(std::string_view name) {
  static const auto infos =
      kernels::plugin_infos(std::string(ATTEST_PROPERTIES_PLUGIN_DIR) + "/misdeeds.so");
  for (const kernels::KernelInfo& info : infos) {
    if (info.name == name) return info;
  }
  ADD_FAILURE() << "no test kernel " << name;
  return {};
}

Scene small_scene() {
  problem::Case value = problem::make_case({.sequences = {{1, 3}}, .num_q_heads = 2});
  value.values = {.distribution = problem::Distribution::kNormal, .seed = 11};
  return scene_of(value);
}

/// What one attend of the misdoer gives; `again` says whether the harness goes on afterwards.
Verdict verdict_on(std::string_view name) {
  const auto session = tests::open(misdeed(name), std::chrono::milliseconds(300));
  Harness harness(*session);
  const auto run = harness.attend(small_scene());
  const auto again = harness.attend(small_scene());
  EXPECT_TRUE(run.failure) << name;
  if (!run.failure || !again.failure) return {};
  EXPECT_EQ(run.failure->failure_class, again.failure->failure_class);
  EXPECT_EQ(run.failure->severity, problem::kStructural);
  EXPECT_FALSE(run.failure->message.empty());
  return *run.failure;
}

TEST(Harness, CallsACrashACrash) {
  const Verdict verdict = verdict_on("crashes");
  EXPECT_EQ(verdict.status, Status::kCrash);
  EXPECT_EQ(verdict.failure_class, "crash");
}

TEST(Harness, CallsAHangAHang) {
  const Verdict verdict = verdict_on("hangs");
  EXPECT_EQ(verdict.status, Status::kHang);
  EXPECT_EQ(verdict.failure_class, "hang");
}

TEST(Harness, CallsARefusalInsideTheCapabilitiesAFailure) {
  const Verdict verdict = verdict_on("refuses");
  EXPECT_EQ(verdict.status, Status::kRefused);
  EXPECT_EQ(verdict.failure_class, "refused");
  EXPECT_NE(verdict.message.find("not today"), std::string::npos);
  EXPECT_TRUE(verdict.failed());
}

TEST(Harness, ReportsWhatAFailingKernelSays) {
  const Verdict verdict = verdict_on("fails");
  EXPECT_EQ(verdict.status, Status::kFail);
  EXPECT_EQ(verdict.failure_class, "failed");
  EXPECT_NE(verdict.message.find("out of luck"), std::string::npos);
}

TEST(Harness, SeesAWriteBesideABuffer) {
  const Verdict verdict = verdict_on("writes_before");
  EXPECT_EQ(verdict.status, Status::kFail);
  EXPECT_EQ(verdict.failure_class, "canary");
  ASSERT_TRUE(verdict.where);
  EXPECT_EQ(verdict.where->tensor, "o");
}

TEST(Harness, SeesAModifiedInput) {
  const Verdict verdict = verdict_on("writes_input");
  EXPECT_EQ(verdict.status, Status::kFail);
  EXPECT_EQ(verdict.failure_class, "input_modified");
  ASSERT_TRUE(verdict.where);
  EXPECT_EQ(verdict.where->tensor, "k");
}

TEST(Harness, SeesAnOutputThatNobodyWrote) {
  const auto session = tests::open(misdeed("writes_nothing"));
  Harness harness(*session);
  const Scene scene = small_scene();
  const auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  const Verdict verdict = harness.judge(scene, harness.expect(scene), run.out);
  EXPECT_EQ(verdict.status, Status::kFail);
  EXPECT_EQ(verdict.failure_class, "unwritten");
  EXPECT_EQ(harness.same(scene, run.out, run.out, true).failure_class, "unwritten");
}

TEST(Harness, SaysWhereAWrongValueIsWithExpectedGotAndBound) {
  const auto session = tests::open(misdeed("writes_zeros"));
  Harness harness(*session);
  harness.record(true);
  const Scene scene = small_scene();
  const auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  const Verdict verdict = harness.judge(scene, harness.expect(scene), run.out);
  EXPECT_EQ(verdict.failure_class, "value");
  EXPECT_GT(verdict.severity, 1.0);
  ASSERT_TRUE(verdict.where);
  EXPECT_EQ(verdict.where->tensor, "o");
  EXPECT_EQ(verdict.where->sequence, 0);
  EXPECT_EQ(verdict.where->row, 0);
  EXPECT_EQ(verdict.got, 0.0);
  EXPECT_GT(std::abs(verdict.expected), verdict.bound);
  ASSERT_TRUE(harness.trace().recorded);
  EXPECT_EQ(harness.trace().got.o, run.out.o);
}

TEST(Harness, JudgesOnlyTheRowsAskedFor) {
  const auto session = tests::open(tests::builtin("cpu/dense_f32"));
  Harness harness(*session);
  problem::Case value = problem::make_case({.sequences = {{3, 3}, {2, 2}}});
  value.values.distribution = problem::Distribution::kNormal;
  Scene scene = scene_of(value);
  auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  run.out.o.set(1, 99.0);  // row 1 of sequence 0
  run.out.o.set(4, 99.0);  // row 1 of sequence 1
  scene.judged_rows = {{0, 1}, {0, 2}};
  const Verdict verdict = harness.judge(scene, harness.expect(scene), run.out);
  ASSERT_TRUE(verdict.where);
  EXPECT_EQ(verdict.where->sequence, 1);
  EXPECT_EQ(verdict.where->row, 1);
  scene.judged_rows = {{0, 1}, {0, 1}};
  EXPECT_EQ(harness.judge(scene, harness.expect(scene), run.out).status, Status::kPass);
}

TEST(Harness, ComparesTwoRunsBitForBitOrWithinTheBound) {
  const auto session = tests::open(tests::builtin("cpu/dense_f32"));
  Harness harness(*session);
  const Scene scene = small_scene();
  const auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  Outputs nudged = run.out;
  nudged.o.set_bits(1, nudged.o.bits(1) ^ 1);
  EXPECT_EQ(harness.same(scene, run.out, nudged, true).failure_class, "bits");
  EXPECT_EQ(harness.same(scene, run.out, nudged, false).status, Status::kPass);
  nudged.o.set(1, nudged.o.value(1) + 1.0);
  EXPECT_EQ(harness.same(scene, run.out, nudged, false).failure_class, "value");
}

TEST(Harness, ReadsRowsWithoutAKeyInTheConventionOfTheKernel) {
  // The declaration alone is under test: the kernel of this session is never called.
  problem::Case value = problem::make_case({.sequences = {{1, 0}}});
  const Scene scene = scene_of(value);
  kernels::KernelInfo info = misdeed("writes_zeros");
  info.conventions.empty_o = ATTEST_EMPTY_O_NAN;
  info.conventions.empty_lse = ATTEST_EMPTY_LSE_PLUS_INF;
  const auto session = tests::open(info);
  Harness harness(*session);
  const oracle::Expected whole = harness.expect(scene);
  EXPECT_EQ(whole.o[0].kind, oracle::Kind::kNaN);
  EXPECT_EQ(whole.lse[0].kind, oracle::Kind::kPlusInf);
  // A state is (0, -inf) whatever the conventions.
  const oracle::Expected state = harness.expect(scene, {.keys = {{0, 0}}});
  EXPECT_EQ(state.o[0].kind, oracle::Kind::kFinite);
  EXPECT_EQ(state.lse[0].kind, oracle::Kind::kMinusInf);
}

TEST(Harness, ASinkAloneMakesAnOrdinaryOutput) {
  problem::Case value = problem::make_case({.sequences = {{1, 0}}});
  value.problem().sinks = {0.5};
  kernels::KernelInfo info = misdeed("writes_zeros");
  info.conventions.empty_o = ATTEST_EMPTY_O_NAN;
  info.conventions.sink_not_in_lse = 1;
  const auto session = tests::open(info);
  const oracle::Expected whole = Harness(*session).expect(scene_of(value));
  EXPECT_EQ(whole.o[0].kind, oracle::Kind::kFinite);
  EXPECT_EQ(whole.lse[0].kind, oracle::Kind::kMinusInf);
}

TEST(Harness, RefinesAnLseWithoutItsSink) {
  problem::Case value = problem::make_case({.sequences = {{1, 1}}});
  value.problem().sinks = {3};
  kernels::KernelInfo info = misdeed("writes_zeros");
  info.conventions.sink_not_in_lse = 1;
  const auto session = tests::open(info);
  Harness harness(*session);
  const Scene scene = scene_of(value);
  oracle::Expected expected = harness.expect(scene);
  Outputs got{problem::Elements(problem::DType::kF32, 1),
              problem::Elements(problem::DType::kF32, 1)};
  got.o.set(0, static_cast<double>(expected.o[0].value));
  got.lse.set(0, static_cast<double>(expected.lse[0].value));
  // Too close to call: the row goes to the definition, with its sink for o and without for lse.
  expected.o[0].ball = 2 * expected.o[0].bound;
  EXPECT_EQ(harness.judge(scene, expected, got).status, Status::kPass);
  EXPECT_GT(harness.statistics().escalations, 0);
}

TEST(Harness, CountsChecksAndKernelCalls) {
  const kernels::KernelInfo info = tests::builtin("cpu/dense_f32");
  const auto session = tests::open(info);
  Harness harness(*session);
  const Property& property = *find_property("determinism.run_to_run");
  const Verdict verdict = run_check(property, draw_case(property, info, 1, 0), harness);
  EXPECT_EQ(verdict.status, Status::kPass);
  EXPECT_EQ(harness.statistics().checks, 1);
  EXPECT_EQ(harness.statistics().kernel_calls, 2);
  EXPECT_GT(harness.statistics().total_ns, 0);
}

TEST(Harness, AppendsThroughASlotMapping) {
  const auto session = tests::open(tests::builtin("cpu/append_f32"));
  Harness harness(*session);
  Harness::AppendCall call{.page_size = 2, .num_pages = 2};
  call.k_new = call.v_new = problem::Elements(problem::DType::kF32, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    call.k_new.set(i, 1.0 + static_cast<double>(i));
    call.v_new.set(i, 10.0 + static_cast<double>(i));
  }
  call.slots = {3, -1, 0};
  call.k_cache = call.v_cache = problem::Elements(problem::DType::kF32, 4);
  const Harness::AppendRun run = harness.append(call);
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(run.k_cache.value(3), 1.0);
  EXPECT_EQ(run.k_cache.value(0), 3.0);
  EXPECT_EQ(run.v_cache.value(0), 12.0);
  EXPECT_EQ(run.k_cache.value(1), 0.0);
  EXPECT_EQ(run.k_cache.value(2), 0.0);
}

}  // namespace
}  // namespace attest::properties
