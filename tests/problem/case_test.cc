#include "problem/case.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"

namespace attest::problem {
namespace {

Case good_case() {
  Problem problem;
  problem.sequences = {{.q_len = 2, .kv_len = 5}, {.q_len = 1, .kv_len = 3}};
  problem.num_q_heads = 2;
  problem.head_dim_qk = problem.head_dim_v = 4;
  Case value = make_case(std::move(problem));
  value.values.overrides = {{Tensor::kV, 1, 2, 0, 3, 0x3f800000}};
  value.poisons = {{PoisonPlace::kPageTail, PoisonKind::kNaN, true, false},
                   {PoisonPlace::kPageTail, PoisonKind::kLargest, false, true},
                   {PoisonPlace::kOutput, PoisonKind::kNaN}};
  value.property = "causality.future_is_unseen";
  value.kernel = "planted/p04*";
  value.expected = Expectation{Status::kFail, "value"};
  value.shrink = ShrinkRecord{};
  value.note = "found on 3 sequences × 20 tokens";
  return value;
}

TEST(CaseTest, AGoodCaseHasNoError) { EXPECT_EQ(find_error(good_case()).value_or(""), ""); }

TEST(CaseTest, HasTheProblemOfItsOneCall) {
  Case value = good_case();
  EXPECT_EQ(value.problem().batch(), 2);
  value.problem().scale = 2.0;
  EXPECT_EQ(value.program.calls[0].problem.scale, 2.0);
  EXPECT_EQ(value.program.calls[0].op, Op::kAttend);
  EXPECT_THROW(Case{}.problem(), ContractError);
}

TEST(CaseTest, EveryBrokenFieldIsNamed) {
  struct Row {
    const char* message;
    std::function<void(Case&)> damage;
  };
  const std::vector<Row> rows = {
      {"program has 0 calls: must have at least one", [](Case& c) { c.program.calls.clear(); }},
      {"program[0].sequences has 1 names", [](Case& c) { c.program.calls[0].sequences = {"a"}; }},
      {"program[0].sequences[1]: the same name as sequence 0",
       [](Case& c) {
         c.program.calls[0].sequences = {"a", "a"};
       }},
      {"program[0].sequences[0]: must not be empty",
       [](Case& c) {
         c.program.calls[0].sequences = {"", "a"};
       }},
      {"sequences[1].kv_len = -2", [](Case& c) { c.problem().sequences[1].kv_len = -2; }},
      {"storage.gap_tokens = -1", [](Case& c) { c.storage.gap_tokens = -1; }},
      {"plan.num_splits = -1", [](Case& c) { c.plan.num_splits = -1; }},
      {"values.needle = -1", [](Case& c) { c.values.needle = -1; }},
      {"values.overrides[0].sequence = 2: must be in [0, 2) for v",
       [](Case& c) { c.values.overrides[0].sequence = 2; }},
      {"values.overrides[0].token = 3: must be in [0, 3) for v",
       [](Case& c) { c.values.overrides[0].token = 3; }},
      {"values.overrides[0].head = 1: must be in [0, 1) for v",
       [](Case& c) { c.values.overrides[0].head = 1; }},
      {"values.overrides[0].lane = -1", [](Case& c) { c.values.overrides[0].lane = -1; }},
      {"values.overrides[0].bits = 0x100000000: must have at most 32 bits (f32)",
       [](Case& c) { c.values.overrides[0].bits = std::uint64_t{1} << 32; }},
      {"values.overrides[0].tensor = bias: the problem has none",
       [](Case& c) { c.values.overrides[0].tensor = Tensor::kBias; }},
      {"values.overrides[0].tensor = v: with v_is_k_prefix set k",
       [](Case& c) { c.problem().v_is_k_prefix = true; }},
      {"poisons[0]: must be in k, in v or in both", [](Case& c) { c.poisons[0].in_k = false; }},
      {"poisons[1]: page_tail is poisoned already by poisons[0]",
       [](Case& c) { c.poisons[1].in_k = true; }},
      {"property: character 0 is not one of", [](Case& c) { c.property = "Causality"; }},
      {"kernel: character 3", [](Case& c) { c.kernel = "cpu\x1b[31m"; }},
      {"kernel has 101 characters: at most 100", [](Case& c) { c.kernel.assign(101, 'a'); }},
      {"expected.failure_class: must name the class",
       [](Case& c) { c.expected->failure_class = ""; }},
      {"expected.failure_class = value: must be empty with status pass",
       [](Case& c) { c.expected->status = Status::kPass; }},
      {"shrink.accepted = -1: must be at least 0", [](Case& c) { c.shrink->accepted = -1; }},
      {"note = two\\nlines: must be plain text", [](Case& c) { c.note = "two\nlines"; }},
      {"note has 1001 bytes", [](Case& c) { c.note.assign(1001, 'a'); }},
  };
  for (const Row& row : rows) {
    Case value = good_case();
    row.damage(value);
    const std::string error = find_error(value).value_or("(no error)");
    EXPECT_NE(error.find(row.message), std::string::npos) << error << "\nnot " << row.message;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(CaseTest, NamesAreReadBack) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(parse_op(name_of(static_cast<Op>(i))), static_cast<Op>(i));
  for (int i = 0; i < kNumPoisonPlaces; ++i) {
    const auto place = static_cast<PoisonPlace>(i);
    EXPECT_EQ(parse_poison_place(name_of(place)), place);
  }
  for (int i = 0; i < kNumPoisonKinds; ++i) {
    const auto kind = static_cast<PoisonKind>(i);
    EXPECT_EQ(parse_poison_kind(name_of(kind)), kind);
  }
  for (int i = 0; i < 8; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(parse_status(name_of(status)), status);
  }
  EXPECT_EQ(parse_op("Attend"), std::nullopt);
  EXPECT_EQ(name_of(static_cast<Op>(200)), "?");
}

TEST(VerdictTest, OnlyWhatAKernelDidWrongIsAFailure) {
  EXPECT_TRUE(Verdict::fail("nan", "o[0] is NaN").failed());
  EXPECT_EQ(Verdict::fail("nan", "").severity, kStructural);
  EXPECT_EQ(Verdict::fail("value", "", 2.5).severity, 2.5);
  EXPECT_FALSE(Verdict::pass(0.5).failed());
  EXPECT_EQ(Verdict::pass(0.5).severity, 0.5);
  EXPECT_FALSE(Verdict::skipped("no pages").failed());
  EXPECT_EQ(Verdict::skipped("no pages").message, "no pages");
  for (const Status status : {Status::kRefused, Status::kCrash, Status::kHang, Status::kFlaky}) {
    EXPECT_TRUE(is_failure(status)) << name_of(status);
  }
  EXPECT_FALSE(is_failure(Status::kInconclusive));
}

}  // namespace
}  // namespace attest::problem
