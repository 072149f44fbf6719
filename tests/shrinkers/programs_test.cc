// The laws of shrinkers for programs, and what some stated failures end as.
#include "shrinkers/programs.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "shrinkers/case_key.h"
#include "shrinkers/minimise.h"
#include "shrinkers/order.h"
#include "shrinkers/shrinkers.h"
#include "tests/shrinkers/failures.h"

namespace attest::tests {
namespace {

using problem::Call;
using problem::Case;
using problem::Op;

Call call(Op op, std::vector<std::string> names, std::vector<problem::Sequence> sequences) {
  Call result{op, std::move(names), {}};
  result.problem.sequences = std::move(sequences);
  result.problem.num_q_heads = 4;
  result.problem.num_kv_heads = 2;
  result.problem.head_dim_qk = result.problem.head_dim_v = 3;
  result.problem.mask.causal = true;
  result.problem.mask.window_left = 3;
  return result;
}
problem::Sequence lengths(std::int64_t q_len, std::int64_t kv_len) {
  return {.q_len = q_len, .kv_len = kv_len, .start_pos = {}};
}

Case program() {
  Case value;
  value.program.calls = {
      call(Op::kAppend, {"a", "-", "b"}, {lengths(3, 3), lengths(2, 0), lengths(5, 5)}),
      call(Op::kAttend, {"a", "b"}, {lengths(2, 3), lengths(5, 5)}),
      call(Op::kFork, {"a", "c"}, {lengths(0, 3), lengths(0, 3)}),
      call(Op::kAppend, {"c", "a"}, {lengths(1, 4), lengths(2, 5)}),
      call(Op::kRollback, {"a"}, {lengths(1, 4)}),
      call(Op::kFree, {"b"}, {lengths(0, 0)}),
      call(Op::kAppend, {"b"}, {lengths(1, 1)}),
      call(Op::kAttend, {"a", "b", "c"}, {lengths(2, 4), lengths(1, 1), lengths(1, 4)}),
  };
  value.storage.layout = problem::KvLayout::kPagedNHD;
  value.storage.page_size = 4;
  value.storage.num_pages = 9;
  value.storage.extra_table_columns = 2;
  value.storage.strides.k.token = 1;
  value.values.distribution = problem::Distribution::kNormal;
  value.values.seed = 17;
  value.values.overrides = {{problem::Tensor::kK, 0, 4, 1, 2, 0x3f800000}};
  value.poisons = {{problem::PoisonPlace::kFreePages, problem::PoisonKind::kNaN, true, true}};
  value.plan.schedule_seed = 99;
  return value;
}

std::int64_t calls_of(const Case& value, Op op) {
  const auto& calls = value.program.calls;
  return std::count_if(calls.begin(), calls.end(), [op](const Call& c) { return c.op == op; });
}

TEST(ProgramShrinkers, GiveValidAndStrictlySmallerProgramsOnceEach) {
  ASSERT_EQ(problem::find_error(program()).value_or(""), "");
  for (const auto& shrinker : shrinkers::all_shrinkers()) {
    std::set<shrinkers::CaseKey> seen;
    for (const Case& proposal : shrinker.propose(program())) {
      EXPECT_EQ(problem::find_error(proposal).value_or(""), "") << shrinker.name;
    }
    for (const Case& smaller : shrinkers::reductions(shrinker, program())) {
      EXPECT_LT(shrinkers::complexity(smaller), shrinkers::complexity(program()));
      EXPECT_TRUE(seen.insert(shrinkers::key_of(smaller)).second) << shrinker.name;
      EXPECT_TRUE(problem::is_program(smaller)) << shrinker.name;
    }
    EXPECT_FALSE(seen.empty()) << shrinker.name;
  }
}

TEST(ProgramShrinkers, TerminateHoweverOneWalks) {
  Case current = program();
  int steps = 0;
  for (bool moved = true; moved; ++steps) {
    moved = false;
    for (const auto& shrinker : shrinkers::all_shrinkers()) {
      auto smaller = shrinkers::reductions(shrinker, current);
      if (smaller.empty()) continue;
      current = smaller.back();
      moved = true;
      break;
    }
    ASSERT_LT(steps, 5000);
  }
}

/// The proposal that lacks the first step: of five steps, pieces of 3 and 2, then 2, 2 and 1,
/// then 1.
Case without_first_step(const Case& base) {
  for (const Case& proposal : shrinkers::fewer_steps(base)) {
    if (proposal.program.calls.empty()) continue;  // no program, and not valid
    if (proposal.program.calls.back() == base.program.calls.back()) continue;
    if (calls_of(proposal, Op::kAppend) + 1 == calls_of(base, Op::kAppend)) return proposal;
  }
  ADD_FAILURE() << "no such proposal";
  return base;
}

TEST(ProgramShrinkers, WhatLosesItsObjectGoesWithItAndOverridesStayWithTheirTokens) {
  Case base = program();
  base.program.calls = {
      call(Op::kAppend, {"a"}, {lengths(3, 3)}),
      call(Op::kFork, {"a", "b"}, {lengths(0, 3), lengths(0, 3)}),
      call(Op::kAppend, {"b", "a"}, {lengths(2, 5), lengths(1, 4)}),
      call(Op::kRollback, {"b"}, {lengths(4, 1)}),
      call(Op::kAttend, {"b", "a"}, {lengths(1, 1), lengths(3, 4)}),
  };
  base.values.overrides = {{problem::Tensor::kK, 0, 3, 1, 2, 0x3f800000},
                           {problem::Tensor::kV, 0, 1, 0, 0, 0x3f800000},
                           {problem::Tensor::kK, 1, 1, 0, 0, 0x40000000},
                           {problem::Tensor::kQ, 0, 0, 3, 0, 0x3f800000}};
  ASSERT_EQ(problem::find_error(base).value_or(""), "");
  const Case value = without_first_step(base);
  ASSERT_EQ(problem::find_error(value).value_or(""), "");
  ASSERT_EQ(value.program.calls.size(), 3u);
  EXPECT_EQ(value.program.calls[0].problem.sequences, (std::vector{lengths(2, 2), lengths(1, 1)}));
  EXPECT_EQ(value.program.calls[1].op, Op::kRollback);
  EXPECT_EQ(value.program.calls[1].problem.sequences, std::vector{lengths(2, 0)});
  // b has no token left to be asked about, and a one for three rows.
  EXPECT_EQ(value.program.calls[2].sequences, std::vector<std::string>{"a"});
  EXPECT_EQ(value.program.calls[2].problem.sequences, std::vector{lengths(1, 1)});
  // On the new tape b comes first.
  const std::vector<problem::Override> expected = {{problem::Tensor::kK, 1, 0, 1, 2, 0x3f800000},
                                                   {problem::Tensor::kK, 0, 1, 0, 0, 0x40000000},
                                                   {problem::Tensor::kQ, 1, 0, 3, 0, 0x3f800000}};
  EXPECT_EQ(value.values.overrides, expected);
}

Case minimal(const Predicate& fails) {
  const auto result = shrinkers::minimise(program(), judge_by(fails));
  EXPECT_TRUE(result.record.minimal);
  EXPECT_TRUE(fails(result.minimal));
  return result.minimal;
}

TEST(ProgramShrinkers, ARollbackThatIsHeardEndsAsThreeCalls) {
  const Case value = minimal([](const Case& c) {
    bool rolled = false;
    for (const Call& each : c.program.calls) {
      rolled |= each.op == Op::kRollback;
      if (each.op == Op::kAttend && rolled) return true;
    }
    return false;
  });
  ASSERT_EQ(value.program.calls.size(), 3u);
  EXPECT_EQ(value.program.calls[0].op, Op::kAppend);
  EXPECT_EQ(value.program.calls[0].problem.sequences, std::vector{lengths(2, 2)});
  EXPECT_EQ(value.program.calls[1].problem.sequences, std::vector{lengths(1, 1)});
  EXPECT_EQ(value.program.calls[2].problem.sequences, std::vector{lengths(1, 1)});
  EXPECT_EQ(value.storage.page_size, 1);
  EXPECT_EQ(value.storage.num_pages, 1);
  EXPECT_EQ(value.problem().num_q_heads, 1);
  EXPECT_FALSE(value.problem().mask.window_left);
  EXPECT_TRUE(value.poisons.empty());
  EXPECT_EQ(value.plan.schedule_seed, 0u);
}

TEST(ProgramShrinkers, PaddingEndsAsOneAppend) {
  const Case value = minimal([](const Case& c) {
    for (const Call& each : c.program.calls) {
      const auto names = problem::names_of(each);
      if (std::find(names.begin(), names.end(), problem::kPaddingName) != names.end()) return true;
    }
    return false;
  });
  ASSERT_EQ(value.program.calls.size(), 1u);
  EXPECT_EQ(value.program.calls[0].sequences, std::vector<std::string>{"-"});
  EXPECT_EQ(value.program.calls[0].problem.sequences, std::vector{lengths(1, 0)});
}

TEST(ProgramShrinkers, AForkedSequenceThatGoesOnEndsAsFourCalls) {
  const Case value = minimal([](const Case& c) {
    problem::Sequences sequences(problem::tape_of(c.program));
    for (const Call& each : c.program.calls) {
      sequences.apply(each);
      if (each.op != Op::kAttend) continue;
      const auto tape = problem::tape_of(c.program);
      for (const std::string& name : problem::names_of(each)) {
        const std::int64_t index = tape.index_of(name);
        std::set<std::int64_t> from;
        for (const auto& id : sequences.tokens(index)) from.insert(id.sequence);
        if (from.size() > 1) return true;
      }
    }
    return false;
  });
  EXPECT_EQ(value.program.calls.size(), 4u);
  EXPECT_EQ(problem::tape_of(value.program).problem.total_kv(), 2);
}

}  // namespace
}  // namespace attest::tests
