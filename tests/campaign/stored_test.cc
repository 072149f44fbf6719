#include "campaign/stored.h"

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "campaign/replay.h"
#include "campaign/select.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

problem::Case dense_case(std::int64_t q_len, std::int64_t kv_len) {
  problem::Problem problem;
  problem.sequences = {{.q_len = q_len, .kv_len = kv_len}};
  problem::Case value = problem::make_case(problem);
  value.property = "oracle.output";
  return value;
}

std::filesystem::path save(const tests::TemporaryFolder& folder, const std::string& name,
                           const problem::Case& value) {
  const auto path = folder.path() / name;
  corpus::save_case(value, path);
  return path;
}

TEST(Stored, ACaseThatNamesNoKnownPropertyIsBroken) {
  const tests::TemporaryFolder folder;
  problem::Case value = dense_case(1, 1);
  value.property = "oracle.outpost";
  EXPECT_THROW(read_stored({save(folder, "a.case.json", value)}), CorpusError);
}

TEST(Stored, ACaseThatWouldTakeYearsIsRefused) {
  EXPECT_NO_THROW(refuse_enormous(dense_case(100, 10'000), "a"));
  problem::Case value = dense_case(1 << 17, 1 << 17);
  EXPECT_THROW(refuse_enormous(value, "a"), CorpusError);
  value = dense_case(1, 1 << 20);
  value.problem().num_q_heads = value.problem().num_kv_heads = 256;
  EXPECT_THROW(refuse_enormous(value, "a"), CorpusError);
}

TEST(Stored, SmallCasesRunFirstAndOnEveryKernelThatServesThem) {
  const tests::TemporaryFolder folder;
  const auto large = save(folder, "a.case.json", dense_case(4, 64));
  const auto small = save(folder, "b.case.json", dense_case(1, 1));
  Options options;
  const std::vector<std::string> dense{"cpu/dense_f32", "cpu/dense_f64"};
  options.kernels = select_kernels(dense);
  options.properties = select_properties({});
  const auto stored = read_stored({large, small});
  const auto tasks = make_stored_tasks(options, stored);
  // f32 cases are none of the f64 kernel's.
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].stored, 1u);
  EXPECT_EQ(tasks[1].stored, 0u);
  EXPECT_EQ(options.kernels[tasks[0].kernel].name, "cpu/dense_f32");
}

TEST(Stored, ACaseNobodyServesIsListedByName) {
  const tests::TemporaryFolder folder;
  problem::Case value = dense_case(1, 1);
  value.problem().q_dtype = value.problem().k_dtype = value.problem().v_dtype =
      problem::DType::kF64;
  const auto stored = read_stored({save(folder, "a.case.json", value)});
  Options options;
  const std::vector<std::string> names{"cpu/dense_f32"};
  options.kernels = select_kernels(names);
  options.properties = select_properties({});
  const Board board(0, 1);
  const auto tasks = make_stored_tasks(options, stored);
  EXPECT_TRUE(tasks.empty());
  const auto results = collect_stored({options, stored, tasks, board, std::nullopt}, {});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].kernel, "");
  EXPECT_FALSE(results[0].verdict);
}

TEST(Stored, AKernelThatIsNotHereIsTheUsersToName) {
  const tests::TemporaryFolder folder;
  problem::Case value = dense_case(1, 1);
  value.kernel = "mine/fast";
  const auto stored = read_stored({save(folder, "a.case.json", value)});
  EXPECT_THROW(kernels_for(stored[0], {}), UsageError);
  const std::vector<std::string> names{"cpu/dense_f32"};
  const auto kernels = kernels_for(stored[0], select_kernels(names));
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].name, "cpu/dense_f32");
}

TEST(Stored, WithoutAnyNameEveryCorrectKernelThatServesItIsTried) {
  const tests::TemporaryFolder folder;
  const auto stored = read_stored({save(folder, "a.case.json", dense_case(1, 1))});
  const auto kernels = kernels_for(stored[0], {});
  EXPECT_GT(kernels.size(), 1u);
  for (const auto& info : kernels) EXPECT_FALSE(info.name.starts_with("planted/"));
}

}  // namespace
}  // namespace attest::campaign
