// Files that older versions of the format left behind mean what they meant. A new format adds its
// files here and changes none.
#include <filesystem>

#include <gtest/gtest.h>

#include "corpus/case_file.h"

namespace attest::corpus {
namespace {

using problem::Case;

std::filesystem::path old_file(const char* name) {
  return std::filesystem::path(ATTEST_SOURCE_DIR) / "tests/corpus/formats" / name;
}

TEST(OldFormats, ACallOfVersionOneStillReads) {
  const Case value = read_case(old_file("version-1-attend.case.json"));
  EXPECT_EQ(value.property, "padding.page_tail");
  EXPECT_EQ(value.kernel, "cpu/paged_decode_f32");
  EXPECT_EQ(value.expected, (problem::Expectation{problem::Status::kFail, "value"}));
  EXPECT_EQ(value.shrink, (problem::ShrinkRecord{120, 14, 9, 2, true}));
  const problem::Problem& problem = value.problem();
  EXPECT_EQ(problem.sequences,
            (std::vector<problem::Sequence>{{.q_len = 2, .kv_len = 5, .start_pos = std::nullopt},
                                            {.q_len = 1, .kv_len = 4, .start_pos = 7}}));
  EXPECT_EQ(problem.k_dtype, problem::DType::kBF16);
  EXPECT_EQ(problem.scale, 0.1);
  EXPECT_EQ(problem.sinks, (std::vector<double>{0.5, -2}));
  EXPECT_EQ(problem.mask.custom.at(1), (std::vector<std::uint8_t>{1, 0, 1, 1}));
  EXPECT_EQ(value.values.seed, 0xfeedULL << 48);
  EXPECT_EQ(value.values.overrides.at(1),
            (problem::Override{problem::Tensor::kK, 1, 3, 0, 0, 0x3dcd}));
  EXPECT_EQ(value.storage.block_table, (std::vector<std::vector<std::int32_t>>{{3, 1}, {4}}));
  EXPECT_EQ(value.plan.parts.size(), 2u);
  EXPECT_EQ(value.poisons.at(0), (problem::Poison{problem::PoisonPlace::kPageTail,
                                                  problem::PoisonKind::kNaN, true, false}));
}

TEST(OldFormats, AProgramOfVersionOneStillReads) {
  const Case value = read_case(old_file("version-1-program.case.json"));
  ASSERT_EQ(value.program.calls.size(), 3u);
  EXPECT_EQ(value.program.calls[0].op, problem::Op::kAppend);
  EXPECT_EQ(value.program.calls[0].sequences, (std::vector<std::string>{"a", "-"}));
  EXPECT_EQ(value.program.calls[1].op, problem::Op::kFork);
  EXPECT_EQ(value.program.calls[2].problem.sequences.at(0).kv_len, 2);
  EXPECT_EQ(value.program.calls[2].problem.scale, 0.5);
  EXPECT_EQ(value.values.distribution, problem::Distribution::kNormal);
  EXPECT_EQ(value.storage.num_pages, 3);
}

}  // namespace
}  // namespace attest::corpus
