// Every way a case file can be wrong gives one line with the file and the field, before anything
// large is built.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "problem/values.h"

namespace attest::corpus {
namespace {

constexpr const char* kGood = R"({
  "format": 1,
  "property": "oracle.output",
  "kernel": "cpu/dense",
  "note": "good",
  "problem": {
    "sequences": [
      {"q_len": 2, "kv_len": 9}
    ],
    "num_q_heads": 2,
    "num_kv_heads": 1,
    "head_dim_qk": 4,
    "head_dim_v": 4,
    "scale": {"bits": "f64:3fe0000000000000", "value": 0.5},
    "mask": {"causal": true, "window_left": 3}
  },
  "values": {
    "version": 1,
    "distribution": "normal",
    "seed": "0x1f",
    "overrides": [
      {"at": ["k", 0, 3, 0, 1], "bits": "f32:3f800000", "value": 1}
    ]
  },
  "storage": {
    "layout": "paged_nhd",
    "page_size": 4,
    "num_pages": 5,
    "block_table": [
      [3, 0, 4]
    ]
  },
  "plan": {
    "parts": [
      [[0, 4]],
      [[4, 9]]
    ],
    "merges": [[1, 0]]
  },
  "poisons": [
    {"place": "page_tail", "kind": "nan"}
  ]
}
)";

std::string message_of(const std::string& text) {
  try {
    parse_case(text, "x.case.json");
  } catch (const CorpusError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

/// kGood with one piece of text replaced.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("not in the text: " + from);
  return text.replace(at, from.size(), to);
}

struct BadCase {
  std::string from, to;
  std::string message;  ///< after the file name; a final "..." stands for any rest
};

void expect_messages(const std::vector<BadCase>& table) {
  for (const BadCase& bad : table) {
    std::string expected = "x.case.json: " + bad.message;
    std::string got = message_of(changed(bad.from, bad.to));
    EXPECT_EQ(got.find('\n'), std::string::npos) << got;
    EXPECT_TRUE(problem::is_printable(got)) << got;
    if (expected.ends_with("...")) {
      expected.resize(expected.size() - 3);
      got = got.substr(0, expected.size());
    }
    EXPECT_EQ(got, expected) << bad.from << " -> " << bad.to;
  }
}

TEST(BadCase, TheGoodOneIsGood) { EXPECT_EQ(message_of(kGood), "no error"); }

TEST(BadCase, BrokenSyntaxNamesLineAndColumn) {
  expect_messages({
      {"\"format\": 1,", "\"format\": 1",
       "line 3, column 12: syntax error while parsing object..."},
      {"\"q_len\": 2", "\"q_len\": NaN", "line 8, column 17: syntax error while parsing value..."},
      {"\"q_len\": 2", "\"q_len\": 02", "line 8, column 18: syntax error while parsing object..."},
      {"\"q_len\": 2", "\"q_len\": 1e999", "line 8, column 21: number overflow parsing '1e999'"},
      {"\"good\"", "\"\x1b[31m\"", "line 5, column 12: syntax error while parsing value..."},
      {"\"good\"", "\"\xff\"", "line 5, column 12: syntax error while parsing value..."},
      {"]\n}\n", "]\n} x", "line 43, column 3: syntax error while parsing value..."},
  });
  EXPECT_EQ(message_of("").substr(0, 44), "x.case.json: line 1, column 1: syntax error ");
  EXPECT_EQ(message_of(std::string("\x7f"
                                   "ELF\0\0",
                                   6))
                .substr(0, 44),
            "x.case.json: line 1, column 1: syntax error ");
}

TEST(BadCase, ADocumentThatIsNoCaseSaysSo) {
  EXPECT_EQ(message_of("[]"), "x.case.json: expected an object, got a list of 0");
  EXPECT_EQ(message_of("null"), "x.case.json: expected an object, got null");
  EXPECT_EQ(message_of("{}"), "x.case.json: key \"format\" is missing");
  EXPECT_EQ(message_of("{\"format\": 2}"), "x.case.json: format: expected 1, got 2");
}

TEST(BadCase, ACountMustBeAnIntegerInRange) {
  const std::string field = "sequences[0].kv_len: expected an integer in [0, 1048576], got ";
  expect_messages({
      {"\"kv_len\": 9", "\"kv_len\": -2", field + "-2"},
      {"\"kv_len\": 9", "\"kv_len\": 1.5", field + "1.5"},
      {"\"kv_len\": 9", "\"kv_len\": 1e3", field + "1000.0"},
      {"\"kv_len\": 9", "\"kv_len\": 1e30", field + "1e+30"},
      {"\"kv_len\": 9", "\"kv_len\": 1000000000000", field + "1000000000000"},
      {"\"kv_len\": 9", "\"kv_len\": 18446744073709551615", field + "18446744073709551615"},
      {"\"kv_len\": 9", "\"kv_len\": 99999999999999999999", field + "1e+20"},
      {"\"kv_len\": 9", "\"kv_len\": \"9\"", field + "\"9\""},
      {"\"kv_len\": 9", "\"kv_len\": \"NaN\"", field + "\"NaN\""},
      {"\"kv_len\": 9", "\"kv_len\": null", field + "null"},
      {"\"kv_len\": 9", "\"kv_len\": true", field + "true"},
      {"\"kv_len\": 9", "\"kv_len\": [9]", field + "a list of 1"},
      {"\"kv_len\": 9", "\"kv_len\": {}", field + "an object"},
      {"\"num_q_heads\": 2", "\"num_q_heads\": 0",
       "num_q_heads: expected an integer in [1, 1024], got 0"},
      {"\"head_dim_qk\": 4", "\"head_dim_qk\": -4",
       "head_dim_qk: expected an integer in [1, 4096], got -4"},
      {"\"window_left\": 3", "\"window_left\": -1",
       "mask.window_left: expected an integer in [0, 2147483647], got -1"},
      {"\"page_size\": 4", "\"page_size\": 4.0",
       "storage.page_size: expected an integer in [0, 1048576], got 4.0"},
      {"[3, 0, 4]", "[3, -1, 4]",
       "storage.block_table[0][1]: expected an integer in [0, 2147483647], got -1"},
      {"[[4, 9]]", "[[4, 9.5]]",
       "plan.parts[1][0][1]: expected an integer in [0, 1048576], got 9.5"},
  });
}

TEST(BadCase, AnUnknownOrMissingKeyIsNamed) {
  expect_messages({
      {"\"note\"", "\"notes\"", "unknown key \"notes\", expected one of format, property, ..."},
      {"\"q_len\": 2", "\"q_len\": 2, \"qlen\": 2",
       "sequences[0]: unknown key \"qlen\", expected one of q_len, kv_len, start_pos"},
      {"\"causal\"", "\"casual\"", "mask: unknown key \"casual\", expected one of causal, ..."},
      {"\"kind\"", "\"\\u001b[31m\"",
       "poisons[0]: unknown key \"\\x1b[31m\", expected one of place, kind, in_k, in_v"},
      {"\"head_dim_v\": 4,", "", "key \"head_dim_v\" is missing"},
      {"\"q_len\": 2, ", "", "sequences[0]: key \"q_len\" is missing"},
      {"\"seed\": \"0x1f\",", "", "values: key \"seed\" is missing"},
      {"\"problem\": {", "\"program\": [], \"problem\": {",
       "expected problem or program, got both"},
  });
}

TEST(BadCase, AKeyThatComesTwiceIsNamed) {
  expect_messages({
      {"\"format\": 1,", "\"format\": 1, \"format\": 1,",
       "line 2, column 23: key \"format\" comes twice in one object"},
      {"\"q_len\": 2", "\"q_len\": 2, \"q_len\": 3",
       "line 8, column 26: key \"q_len\" comes twice in one object"},
      {"\"note\"", "\"a\\u0007\": 1, \"a\\u0007\"",
       "line 5, column 25: key \"a\\x07\" comes twice in one object"},
  });
}

TEST(BadCase, NumbersAreGivenExactly) {
  expect_messages({
      {"\"value\": 0.5", "\"value\": 0.25", "scale.value: expected 0.5 as the bits say, got 0.25"},
      {"\"value\": 0.5", "\"value\": \"nan\"",
       "scale.value: expected 0.5 as the bits say, got \"nan\""},
      {"\"value\": 0.5", "\"value\": \"half\"",
       "scale.value: expected a number, \"nan\", \"inf\" or \"-inf\", got \"half\""},
      {"f64:3fe0000000000000", "f64:3fe",
       "scale.bits: expected \"f64:\" and 16 hex digits, got \"f64:3fe\""},
      {"f64:3fe0000000000000", "f32:3f000000",
       "scale.bits: expected \"f64:\" and 16 hex digits, got \"f32:3f000000\""},
      {"f64:3fe0000000000000\", \"value\": 0.5", "f64:7ff8000000000000\"", "scale = nan: ..."},
      {"{\"bits\": \"f64:3fe0000000000000\", \"value\": 0.5}", "0.5",
       "scale: expected an object, got 0.5"},
      {"f32:3f800000", "bf16:3f80",
       "values.overrides[0].bits: expected \"f32:\" and 8 hex digits, got \"bf16:3f80\""},
      {"\"value\": 1}", "\"value\": 2}",
       "values.overrides[0].value: expected 1 as the bits say, got 2"},
      {"0x1f", "31", "values.seed: expected \"0x\" and 1 to 16 hex digits, got \"31\""},
      {"\"0x1f\"", "31", "values.seed: expected \"0x\" and 1 to 16 hex digits, got 31"},
      {"0x1f", "0x11112222333344445",
       "values.seed: expected \"0x\" and 1 to 16 hex digits, got \"0x11112222333344445\""},
      {"0x1f", "0x-1", "values.seed: expected \"0x\" and 1 to 16 hex digits, got \"0x-1\""},
  });
}

TEST(BadCase, ANameMustBeOneOfItsList) {
  expect_messages({
      {"\"normal\"", "\"gaussian\"", "values.distribution: expected lattice, normal, ..."},
      {"\"paged_nhd\"", "\"paged\"", "storage.layout: expected contiguous, padded, ..."},
      {"\"page_tail\"", "\"tail\"", "poisons[0].place: expected future, outside_window, ..."},
      {"\"nan\"", "\"NaN\"",
       "poisons[0].kind: expected nan, plus_inf, minus_inf, largest or dominating, got \"NaN\""},
      {"[\"k\", 0", "[\"K\", 0", "values.overrides[0].at[0]: expected q, k, v or bias, got \"K\""},
      {"\"causal\": true", "\"causal\": 1", "mask.causal: expected true or false, got 1"},
      {"\"note\": \"good\"", "\"note\": \"a\\u001b[31m\"",
       "note: expected text of one line without control characters, got \"a\\x1b[31m\""},
      {"\"note\": \"good\"", "\"note\": \"\\u202e\"",
       "note: expected text of one line without control characters, got \"\\u202e\""},
      {"\"version\": 1", "\"version\": 999", "values.version: expected 1, got 999"},
      {"[\"k\", 0, 3, 0, 1]", "[\"k\", 0, 3, 0]",
       "values.overrides[0].at: expected [tensor, sequence, token, head, lane], got a list of 4"},
      {"[[4, 9]]", "[[4, 9, 1]]", "plan.parts[1][0]: expected [begin, end], got a list of 3"},
  });
}

TEST(BadCase, WhatFieldsSayTogetherIsCheckedToo) {
  expect_messages({
      {"[3, 0, 4]", "[3, 0, 5]", "storage.block_table[0][2] = 5: outside the pool of 5 pages"},
      {"[3, 0, 4]", "[3, 0]", "storage.block_table[0] names 2 pages..."},
      {"[[4, 9]]", "[[3, 9]]", "plan.parts[1][0] overlaps plan.parts[0][0]"},
      {"[[4, 9]]", "[[5, 9]]", "plan.parts: keys [4, 5) of sequence 0 are in no part"},
      {"\"num_kv_heads\": 1", "\"num_kv_heads\": 4", "num_q_heads = 2: ..."},
  });
}

TEST(BadCase, AHistoryHasCasesThatAskAndNoMore) {
  const std::string past =
      R"({"property": "a.b", "problem": {"sequences": [{"q_len": 1, "kv_len": 1}], "num_q_heads": 1,
      "num_kv_heads": 1, "head_dim_qk": 1, "head_dim_v": 1, "scale": {"bits": "f64:3ff0000000000000"}},
      "values": {"version": 1, "distribution": "normal", "seed": "0x1"}})";
  const auto with = [](const std::string& history) {
    return "\"history\": " + history + ", \"problem\": {\n    \"sequences\"";
  };
  const std::string here = "\"problem\": {\n    \"sequences\"";
  EXPECT_EQ(message_of(changed(here, with("[" + past + "]"))), "no error");
  expect_messages({
      {here, with("{}"), "history: expected a list..."},
      {here, with("[{}]"), "history[0]: key \"property\" is missing"},
      {here, with("[{\"history\": []}]"), "history[0]: unknown key \"history\"..."},
      {here, with("[{\"kernel\": \"a\"}]"), "history[0]: unknown key \"kernel\"..."},
      {here, with("[" + past + ", {\"property\": \"a.b\", \"problem\": {}}]"),
       "history[1].problem: key..."},
  });
}

TEST(BadCase, MasksMustHaveTheShapeOfTheirSequence) {
  const std::string mask = "\"causal\": true, \"window_left\": 3";
  expect_messages({
      {mask, "\"custom\": [[\"111111111\"]]",
       "mask.custom[0]: expected 2 rows (q_len), got a list of 1"},
      {mask, "\"custom\": [[\"111111111\", \"11\"]]",
       "mask.custom[0][1]: expected 9 characters (kv_len), each 0 or 1, got \"11\""},
      {mask, "\"custom\": [[\"111111111\", \"11111111x\"]]",
       "mask.custom[0][1]: expected 9 characters (kv_len), each 0 or 1, got \"11111111x\""},
      {mask, "\"custom\": [[], []]",
       "mask.custom: expected a list of 1 (one mask per sequence), got a list of 2"},
      {mask, "\"tree\": [[-2]]", "mask.tree[0][0]: expected an integer in [-1, 1048576], got -2"},
  });
}

TEST(BadCase, ACaseThatAsksForTerabytesIsRefused) {
  std::string sequences = R"({"q_len": 1048576, "kv_len": 1048576})";
  for (int b = 1; b < 4096; ++b) sequences += R"(, {"q_len": 1048576, "kv_len": 1048576})";
  expect_messages({
      {R"({"q_len": 2, "kv_len": 9})", sequences, "sequences: q would have ..."},
      {R"({"q_len": 2, "kv_len": 9})", sequences + "," + sequences,
       "sequences: expected a list of at most 4096, got a list of 8192"},
      {"\"num_pages\": 5", "\"num_pages\": 2147483647", "storage.num_pages = 2147483647: ..."},
      {"\"page_size\": 4", "\"page_size\": 4, \"extra_table_columns\": 1048577",
       "storage.extra_table_columns: expected an integer in [0, 1048576], got 1048577"},
  });
}

TEST(BadCase, NestingIsCappedBeforeAnythingIsBuilt) {
  const std::string deep(200000, '[');
  EXPECT_EQ(message_of(deep),
            "x.case.json: line 1, column 33: expected at most 32 levels, got more");
  std::string objects;
  for (int i = 0; i < 200000; ++i) objects += "{\"a\":";
  EXPECT_EQ(message_of(objects),
            "x.case.json: line 1, column 161: expected at most 32 levels, got more");
}

TEST(BadCase, ElementsAndBytesAreCapped) {
  std::string many = "[0";
  for (int i = 0; i < 3000000; ++i) many += ",0";
  const std::string got = message_of(many + "]");
  EXPECT_NE(got.find("expected at most 2097152 elements, got more"), std::string::npos) << got;
  EXPECT_EQ(message_of(std::string((std::size_t{16} << 20) + 1, ' ')),
            "x.case.json: expected at most 16777216 bytes, got 16777217");
}

TEST(BadCase, LongTextFromTheFileIsCutInTheMessage) {
  const std::string big(1 << 20, 'a');
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"good\"", "\"" + big + "\""},
           {"\"normal\"", "\"" + big + "\""},
           {"\"note\"", "\"" + big + "\""},
           {"\"note\": \"good\"", "\"note\": \"" + big}}) {
    EXPECT_LT(message_of(changed(from, to)).size(), 600U);
  }
}

TEST(BadCase, NothingInAFileIsEverOpened) {
  // Ids that look like paths are names like any other; what cannot be one is refused.
  EXPECT_EQ(message_of(changed("cpu/dense", "/etc/passwd")), "no error");
  EXPECT_NE(message_of(changed("cpu/dense", "./My Lib.so")), "no error");
  EXPECT_NE(message_of(changed("oracle.output", "oracle output")), "no error");
}

TEST(BadCase, AnyByteChangedIsACaseOrOneLine) {
  const std::string good = kGood;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    std::string text = good;
    const std::uint64_t bits = problem::derive_seed(11, i);
    const std::size_t at = bits % text.size();
    switch (bits >> 32 & 3U) {
      case 0:
        text[at] = static_cast<char>(bits >> 40 & 0xffU);
        break;
      case 1:
        text.erase(at, 1 + (bits >> 40 & 7U));
        break;
      case 2:
        text.insert(at, std::string(1, "0123456789-+.eE\"[]{},:"[(bits >> 40 & 0xffU) % 22]));
        break;
      default:
        text.resize(at);
        break;
    }
    const std::string got = message_of(text);
    ASSERT_FALSE(got.starts_with("another error")) << got << '\n' << text;
    ASSERT_TRUE(problem::is_printable(got)) << got;
  }
}

}  // namespace
}  // namespace attest::corpus
