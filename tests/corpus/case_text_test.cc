#include <set>

#include <gtest/gtest.h>

#include "corpus/case_file.h"
#include "problem/errors.h"
#include "tests/corpus/random_case.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::corpus {
namespace {

using problem::Case;

Case small_case() {
  problem::Problem problem;
  problem.sequences = {{.q_len = 2, .kv_len = 5}, {.q_len = 1, .kv_len = 4, .start_pos = 7}};
  problem.num_q_heads = 2;
  problem.head_dim_qk = 4;
  problem.head_dim_v = 3;
  problem.k_dtype = problem::DType::kBF16;
  problem.scale = 0.1;
  problem.sinks = {0.5, -2.0};
  problem.mask.causal = true;
  problem.mask.custom = {{1, 1, 0, 1, 1, 0, 1, 1, 1, 1}, {1, 0, 1, 1}};
  Case out = make_case(problem);
  out.property = "padding.page_tail";
  out.kernel = "cpu/paged_decode_f32";
  out.note = "made by hand";
  out.expected = problem::Expectation{problem::Status::kFail, "value"};
  out.shrink = problem::ShrinkRecord{120, 14, 9, 2, true};
  out.values.seed = 0xfeedULL << 48;
  out.values.overrides = {{problem::Tensor::kQ, 0, 1, 1, 3, 0x3f800000},
                          {problem::Tensor::kK, 1, 3, 0, 0, 0x3dcd}};
  out.storage.layout = problem::KvLayout::kPagedNHD;
  out.storage.page_size = 4;
  out.storage.num_pages = 5;
  out.storage.block_table = {{3, 1}, {4}};
  out.plan.parts = {{{0, 2}, {0, 4}}, {{2, 5}, {4, 4}}};
  out.plan.merges = {{1, 0}};
  out.poisons = {{problem::PoisonPlace::kPageTail, problem::PoisonKind::kNaN, true, false}};
  return out;
}

constexpr const char* kSmallText = R"({
  "format": 1,
  "property": "padding.page_tail",
  "kernel": "cpu/paged_decode_f32",
  "note": "made by hand",
  "expected": {"status": "fail", "failure_class": "value"},
  "shrink": {"evaluations": 120, "accepted": 14, "passed": 9, "rejected": 2, "minimal": true},
  "problem": {
    "sequences": [
      {"q_len": 2, "kv_len": 5},
      {"q_len": 1, "kv_len": 4, "start_pos": 7}
    ],
    "num_q_heads": 2,
    "num_kv_heads": 1,
    "head_dim_qk": 4,
    "head_dim_v": 3,
    "k_dtype": "bf16",
    "scale": {"bits": "f64:3fb999999999999a", "value": 0.1},
    "sinks": [
      {"bits": "f64:3fe0000000000000", "value": 0.5},
      {"bits": "f64:c000000000000000", "value": -2}
    ],
    "mask": {
      "causal": true,
      "custom": [
        [
          "11011",
          "01111"
        ],
        [
          "1011"
        ]
      ]
    }
  },
  "values": {
    "version": 1,
    "distribution": "lattice",
    "seed": "0xfeed000000000000",
    "overrides": [
      {"at": ["q", 0, 1, 1, 3], "bits": "f32:3f800000", "value": 1},
      {"at": ["k", 1, 3, 0, 0], "bits": "bf16:3dcd", "value": 0.1}
    ]
  },
  "storage": {
    "layout": "paged_nhd",
    "page_size": 4,
    "num_pages": 5,
    "block_table": [
      [3, 1],
      [4]
    ]
  },
  "plan": {
    "parts": [
      [[0, 2], [0, 4]],
      [[2, 5], [4, 4]]
    ],
    "merges": [[1, 0]]
  },
  "poisons": [
    {"place": "page_tail", "kind": "nan", "in_v": false}
  ]
}
)";

TEST(CaseText, IsThisTextForThisCase) { EXPECT_EQ(write_case(small_case()), kSmallText); }

TEST(CaseText, ReadsBackAsTheSameCase) {
  EXPECT_EQ(parse_case(kSmallText, "small.case.json"), small_case());
}

TEST(CaseText, LeavesOutEveryDefault) {
  problem::Problem problem;
  problem.sequences = {{}};
  Case out = make_case(problem);
  EXPECT_EQ(
      write_case_line(out),
      R"({"format": 1, "property": "", "problem": {"sequences": [{"q_len": 1, "kv_len": 1}], )"
      R"("num_q_heads": 1, "num_kv_heads": 1, "head_dim_qk": 1, "head_dim_v": 1, )"
      R"("scale": {"bits": "f64:3ff0000000000000", "value": 1}}, )"
      R"("values": {"version": 1, "distribution": "lattice", "seed": "0x0"}})");
}

TEST(CaseText, OfRandomCasesReadsBackExactly) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Case drawn = tests::random_case(seed);
    for (std::uint64_t past = 0; seed % 10 == 0 && past < seed % 4; ++past) {
      Case& earlier = drawn.history.emplace_back(tests::random_case(5000 + seed + past));
      earlier.kernel.clear();
      earlier.note.clear();
      earlier.expected.reset();
      earlier.shrink.reset();
      if (earlier.property.empty()) earlier.property = "a.b";
    }
    ASSERT_EQ(find_error(drawn), std::nullopt) << "seed " << seed;
    const std::string text = write_case(drawn);
    const Case back = parse_case(text, "random.case.json");
    ASSERT_EQ(back, drawn) << text;
    ASSERT_EQ(write_case(back), text);
  }
}

TEST(CaseText, OfAProgramSaysWhatItsCallsHaveInCommonOnce) {
  Case out;
  out.property = "cache.program";
  problem::Problem problem;
  problem.scale = 0.5;
  const auto add = [&](problem::Op op, std::vector<std::string> names,
                       std::vector<problem::Sequence> sequences) {
    problem.sequences = std::move(sequences);
    out.program.calls.push_back({op, std::move(names), problem});
  };
  add(problem::Op::kAppend, {"a", "-"}, {{.q_len = 2, .kv_len = 2}, {.q_len = 1, .kv_len = 0}});
  add(problem::Op::kFork, {"a", "b"}, {{.q_len = 0, .kv_len = 2}, {.q_len = 0, .kv_len = 2}});
  add(problem::Op::kAttend, {"b"}, {{.q_len = 1, .kv_len = 2}});
  out.storage.layout = problem::KvLayout::kPagedNHD;
  out.storage.page_size = 2;
  out.storage.num_pages = 3;
  const std::string text = write_case(out);
  EXPECT_EQ(parse_case(text, "x"), out);
  EXPECT_NE(text.find("\"op\": \"fork\",\n      \"sequences\": [\"a\", \"b\"],\n"
                      "      \"lengths\": [[0, 2], [0, 2]]\n"),
            std::string::npos)
      << text;
  std::string both = text;
  both.insert(both.find("\"lengths\""), "\"problem\": {}, ");
  EXPECT_THROW(parse_case(both, "x"), CorpusError);
}

TEST(CaseText, OnOneLineReadsBackExactly) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Case drawn = tests::random_case(seed);
    const std::string line = write_case_line(drawn);
    ASSERT_EQ(line.find('\n'), std::string::npos);
    ASSERT_EQ(parse_case(line, "cases.jsonl"), drawn) << line;
  }
}

TEST(CaseText, NeedsNoCanonicalSpacingOrOrderWhenRead) {
  const Case back = parse_case(
      R"({"values":{"seed":"0xAB","distribution":"normal","version":1},"property":"oracle.lse",
          "problem":{"scale":{"bits":"f64:3FB999999999999A"},"head_dim_v":1,"head_dim_qk":1,
          "num_kv_heads":1,"num_q_heads":1,"sequences":[{"kv_len":1,"q_len":1}]},"format":1})",
      "loose.case.json");
  EXPECT_EQ(back.values.seed, 0xabU);
  EXPECT_EQ(back.problem().scale, 0.1);
}

TEST(CaseText, ReplacesWhatIsUnsafeToPrintInANote) {
  Case out = small_case();
  out.note = "red \x1b[31m alert\n";
  EXPECT_EQ(parse_case(write_case(out), "x").note, "red \\x1b[31m alert\\n");
}

TEST(CaseText, InTheDocumentationIsCanonical) {
  const std::string page =
      tests::read_text(std::filesystem::path(ATTEST_SOURCE_DIR) / "docs" / "case-format.md");
  const std::string fence = "```json\n";
  const std::size_t start = page.find(fence) + fence.size();
  const std::string text = page.substr(start, page.find("```", start) - start);
  EXPECT_EQ(write_case(parse_case(text, "case-format.md")), text);
}

TEST(CaseText, RefusesACaseThatNoFileCanHold) {
  EXPECT_THROW(write_case(Case{}), ContractError);
  Case out = small_case();
  out.problem().mask.custom[0].pop_back();
  EXPECT_THROW(write_case(out), ContractError);
}

TEST(CaseName, IsThePropertyAndTheHashOfWhatIsChecked) {
  EXPECT_EQ(case_name(small_case()), "padding-page_tail-" + content_hash(small_case()));
  EXPECT_EQ(content_hash(small_case()).size(), 16U);
  EXPECT_EQ(content_hash(small_case()).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(CaseName, IsStable) {
  // A new value here renames every stored regression: raise kCaseFormat with it.
  EXPECT_EQ(case_name(small_case()), "padding-page_tail-34ff35256d51bd43");
}

TEST(CaseName, DoesNotDependOnWhatBecameOfTheCase) {
  Case out = small_case();
  out.note = "another";
  out.expected.reset();
  out.shrink.reset();
  EXPECT_EQ(case_name(out), case_name(small_case()));
}

TEST(CaseName, DependsOnEveryOtherThing) {
  std::set<std::string> names;
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    names.insert(content_hash(tests::random_case(seed)));
  EXPECT_EQ(names.size(), 500U);
  Case out = small_case();
  out.kernel = "cpu/dense";
  EXPECT_NE(content_hash(out), content_hash(small_case()));
  out = small_case();
  out.history = {tests::random_case(1)};
  EXPECT_NE(content_hash(out), content_hash(small_case()));
}

TEST(CaseName, HoldsNoCharacterThatMattersInAPath) {
  Case out = small_case();
  out.property = "../../etc/passwd";
  EXPECT_EQ(case_name(out).find_first_of("/."), std::string::npos);
}

}  // namespace
}  // namespace attest::corpus
