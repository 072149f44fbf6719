#include "problem/program.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace attest::problem {
namespace {

Call call(Op op, std::vector<std::string> names, std::vector<Sequence> sequences) {
  Call result{op, std::move(names), {}};
  result.problem.sequences = std::move(sequences);
  return result;
}
Sequence lengths(std::int64_t q_len, std::int64_t kv_len) {
  return {.q_len = q_len, .kv_len = kv_len, .start_pos = {}};
}

/// a gets 3 tokens, b is forked from it, both go on, a gives one up, and both are asked.
Case example() {
  Case value;
  value.program.calls = {
      call(Op::kAppend, {"a", "-"}, {lengths(3, 3), lengths(2, 0)}),
      call(Op::kFork, {"a", "b"}, {lengths(0, 3), lengths(0, 3)}),
      call(Op::kAppend, {"b", "a"}, {lengths(1, 4), lengths(2, 5)}),
      call(Op::kRollback, {"a"}, {lengths(1, 4)}),
      call(Op::kAttend, {"a", "b"}, {lengths(2, 4), lengths(1, 4)}),
      call(Op::kFree, {"b"}, {lengths(0, 0)}),
      call(Op::kAppend, {"b"}, {lengths(1, 1)}),
      call(Op::kAttend, {"b"}, {lengths(1, 1)}),
  };
  value.storage.layout = KvLayout::kPagedNHD;
  value.storage.page_size = 2;
  value.storage.num_pages = 8;
  return value;
}

TEST(Program, IsAnythingButOneAttend) {
  EXPECT_TRUE(is_program(example()));
  Problem problem;
  problem.sequences = {{}};
  Case plain = make_case(problem);
  EXPECT_FALSE(is_program(plain));
  plain.program.calls[0].op = Op::kAppend;
  EXPECT_TRUE(is_program(plain));
}

TEST(Program, HasATapeOfAllThatWasAppendedAndAsked) {
  const Tape tape = tape_of(example().program);
  EXPECT_EQ(tape.names, (std::vector<std::string>{"a", "-", "b"}));
  EXPECT_EQ(tape.problem.sequences,
            (std::vector<Sequence>{lengths(2, 5), lengths(0, 2), lengths(2, 2)}));
  const Case value = example();
  EXPECT_EQ(find_error(value).value_or(""), "");
  EXPECT_EQ(find_error(tape_case(value)).value_or(""), "");
}

TEST(Program, ForkedTokensAreThoseOfTheOldSequence) {
  const Program program = example().program;
  Sequences sequences(tape_of(program));
  for (std::size_t i = 0; i < 5; ++i) sequences.apply(program.calls[i]);
  EXPECT_EQ(sequences.tokens(0), (std::vector<TokenId>{{0, 0}, {0, 1}, {0, 2}, {0, 3}}));
  EXPECT_EQ(sequences.tokens(2), (std::vector<TokenId>{{0, 0}, {0, 1}, {0, 2}, {2, 0}}));
  sequences.apply(program.calls[5]);
  EXPECT_EQ(sequences.length(2), 0);
  const auto items = sequences.apply(program.calls[6]);
  EXPECT_EQ(items[0].begin, 1) << "what comes after a free is new";
  EXPECT_EQ(sequences.tokens(2), (std::vector<TokenId>{{2, 1}}));
}

TEST(Program, EveryBrokenFieldIsNamed) {
  struct Row {
    const char* message;
    std::function<void(Case&)> damage;
  };
  const auto at = [](Case& c, std::size_t i, std::size_t b) -> Sequence& {
    return c.program.calls[i].problem.sequences[b];
  };
  const std::vector<Row> rows = {
      {"program[0].problem.sequences[0].kv_len = 4: must be 3",
       [&](Case& c) { at(c, 0, 0).kv_len = 4; }},
      {"program[0].problem.sequences[1].kv_len = 2: must be 0",
       [&](Case& c) { at(c, 0, 1).kv_len = 2; }},
      {"program[3].problem.sequences[0].q_len = 6: must be in [1, 5]",
       [&](Case& c) { at(c, 3, 0).q_len = 6; }},
      {"program[4].problem.sequences[0].kv_len = 5: must be 4",
       [&](Case& c) { at(c, 4, 0).kv_len = 5; }},
      {"program[4].problem.sequences[0].start_pos = 1: must be absent",
       [&](Case& c) { at(c, 4, 0).start_pos = 1; }},
      {"program[1].sequences[1] = b: must be one without",
       [&](Case& c) {
         c.program.calls[0] = call(Op::kAppend, {"a", "b"}, {lengths(3, 3), lengths(1, 1)});
       }},
      {"program[5].sequences[0] = c: must be one with tokens",
       [](Case& c) { c.program.calls[5].sequences = {"c"}; }},
      {"program[4].sequences[1] = -: must be a name: only append pads",
       [](Case& c) {
         c.program.calls[4].sequences = {"a", "-"};
       }},
      {"program[2].problem: must be that of program[0] but for its sequences",
       [](Case& c) { c.program.calls[2].problem.scale = 0.5; }},
      {"program[1].sequences has 1 names: fork takes two, old and new",
       [](Case& c) { c.program.calls[1] = call(Op::kFork, {"a"}, {lengths(0, 3)}); }},
      {"storage.layout = contiguous: a program needs pages", [](Case& c) { c.storage = {}; }},
      {"storage.block_table: must be empty for a program",
       [](Case& c) { c.storage.block_table = {{0}}; }},
      {"plan: a program has no chunks, parts or merges", [](Case& c) { c.plan.chunks = {{1}}; }},
      {"program[0].problem.bias: a program has none that goes by sequence",
       [](Case& c) {
         for (Call& each : c.program.calls) each.problem.bias = Bias::kShared;
       }},
  };
  for (const Row& row : rows) {
    Case value = example();
    row.damage(value);
    EXPECT_EQ(find_error(value).value_or("nothing"), row.message);
  }
}

TEST(Program, OverridesSpeakOfTheTape) {
  Case value = example();
  value.values.overrides = {{Tensor::kK, 0, 4, 0, 0, 0}};  // the token that is given up
  EXPECT_EQ(find_error(value).value_or(""), "");
  value.values.overrides[0].token = 5;
  EXPECT_NE(find_error(value).value_or(""), "");
}

}  // namespace
}  // namespace attest::problem
