#include "campaign/compare.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "properties/property.h"
#include "tests/corpus/temporary_folder.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::campaign {
namespace {

using tests::builtin;

struct Outcome {
  int code = 0;
  std::string text;
};

Outcome run(const std::string& a, const std::string& b, const std::filesystem::path& failures) {
  CompareOptions options;
  options.a = builtin(a);
  options.b = builtin(b);
  options.cases = 200;
  options.failures = failures;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  Outcome outcome;
  outcome.code = compare(options, out);
  std::fclose(out);
  outcome.text.assign(text, size);
  std::free(text);
  return outcome;
}

class Compare : public ::testing::Test {
 protected:
  tests::TemporaryFolder folder_;
};

TEST_F(Compare, AgreesWhereBothAreRight) {
  const Outcome outcome = run("cpu/dense_f32", "cpu/prefill_query_outer_f32", folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("cases compared"), std::string::npos);
}

TEST_F(Compare, ShrinksADifferenceAndNamesTheKernelThatIsWrong) {
  for (const auto& [a, b] : {std::pair{"cpu/prefill_query_outer_f32", "planted/self_not_attended"},
                             std::pair{"planted/self_not_attended", "cpu/dense_f32"}}) {
    const Outcome outcome = run(a, b, folder_.path());
    EXPECT_EQ(outcome.code, 1) << outcome.text;
    EXPECT_NE(outcome.text.find("wrong    planted/self_not_attended"), std::string::npos)
        << outcome.text;
    EXPECT_NE(outcome.text.find("1 query row, "), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find(" replay "), std::string::npos) << outcome.text;
  }
}

TEST_F(Compare, HasNothingToDoWithoutACommonTypeOrOperation) {
  EXPECT_THROW(common_declaration(builtin("cpu/dense_f32"), builtin("cpu/dense_f64")), NothingToDo);
  EXPECT_THROW(common_declaration(builtin("cpu/dense_f32"), builtin("cpu/append_f32")),
               NothingToDo);
}

TEST_F(Compare, DrawsFromWhatBothDeclare) {
  const auto common =
      common_declaration(builtin("cpu/dense_f32"), builtin("cpu/prefill_query_outer_f32"));
  EXPECT_FALSE(common.has(ATTEST_FEATURE_NON_CAUSAL));
  EXPECT_FALSE(common.has(ATTEST_FEATURE_BIAS));
  EXPECT_TRUE(common.has(ATTEST_FEATURE_SOFTCAP));
}

}  // namespace
}  // namespace attest::campaign
