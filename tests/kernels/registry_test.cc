#include "kernels/registry.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/session.h"
#include "problem/errors.h"
#include "tests/kernels/declarations.h"
#include "tests/kernels/plugins.h"

namespace attest::kernels {
namespace {

std::vector<KernelInfo> named(const std::vector<std::string>& names) {
  std::vector<KernelInfo> infos;
  for (const std::string& name : names) {
    infos.push_back(tests::simple_info());
    infos.back().name = name;
  }
  return infos;
}

std::vector<std::string> names_of(const std::vector<KernelInfo>& infos) {
  std::vector<std::string> names;
  for (const KernelInfo& info : infos) names.push_back(info.name);
  return names;
}

using Names = std::vector<std::string>;

std::vector<std::string> selected(const std::vector<std::string>& names, const Names& patterns) {
  return names_of(select_kernels(named(names), patterns));
}

const Names kNames = {"cpu/dense_f32", "cpu/dense_f64", "cpu/merge_f32", "planted/p01"};

TEST(SelectKernels, TakesAllButThePlantedOnesByDefault) {
  EXPECT_EQ(selected(kNames, {}), (Names{"cpu/dense_f32", "cpu/dense_f64", "cpu/merge_f32"}));
}

TEST(SelectKernels, MatchesGlobsInTheOrderOfTheRegistry) {
  EXPECT_EQ(selected(kNames, {"planted/*", "*dense_f??"}),
            (Names{"cpu/dense_f32", "cpu/dense_f64", "planted/p01"}));
  EXPECT_EQ(selected(kNames, {"*_f32"}), (Names{"cpu/dense_f32", "cpu/merge_f32"}));
  EXPECT_EQ(selected(kNames, {"cpu/dense_f[36]*"}), (Names{"cpu/dense_f32", "cpu/dense_f64"}));
}

TEST(SelectKernels, TakesAKernelOnce) {
  EXPECT_EQ(selected(kNames, {"cpu/dense_f32", "*dense_f32", "cpu/dense_f32"}),
            Names{"cpu/dense_f32"});
}

TEST(SelectKernels, SaysWhichPatternMatchesNothingAndWhatIsNear) {
  try {
    selected(kNames, {"cpu/*", "dense_32"});
    ADD_FAILURE() << "no complaint";
  } catch (const ContractError& error) {
    const std::string said = error.what();
    EXPECT_EQ(said.find("no kernel matches 'dense_32' (did you mean cpu/dense_f32, "), 0u) << said;
  }
}

TEST(BuiltinInfos, AreAllInOrder) {
  const std::vector<KernelInfo> infos = builtin_infos();
  EXPECT_FALSE(infos.empty());
  const Names names = names_of(infos);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size())
      << "a name occurs twice";
  EXPECT_TRUE(std::is_partitioned(infos.begin(), infos.end(),
                                  [](const KernelInfo& i) { return !is_planted(i); }));
  for (const KernelInfo& info : infos) {
    EXPECT_FALSE(info.description.empty()) << info.name;
    EXPECT_TRUE(info.library.empty());
  }
}

TEST(BuiltinInfos, CanEachBeOpened) {
  for (const KernelInfo& info : builtin_infos()) {
    if (info.capabilities.device == ATTEST_CUDA) continue;  // needs a device
    EXPECT_NO_THROW(open_session(info, {})) << info.name;
  }
}

TEST(FindKernels, AreTheBuiltInOnesByDefault) {
  EXPECT_EQ(names_of(find_kernels({})), names_of(select_kernels(builtin_infos(), {})));
}

TEST(FindKernels, TakesAPluginByItsPath) {
  const Names arguments = {tests::plugin("longer")};
  EXPECT_EQ(names_of(find_kernels(arguments)), (Names{"first", "second"}));
}

TEST(FindKernels, TakesSomeOfAPluginAndEachOnce) {
  const Names arguments = {tests::plugin("longer") + ":sec*", tests::plugin("longer") + ":second"};
  EXPECT_EQ(names_of(find_kernels(arguments)), Names{"second"});
}

TEST(FindKernels, SaysWhatAPluginDoesNotHave) {
  const Names arguments = {tests::plugin("longer") + ":thirst"};
  EXPECT_THROW(find_kernels(arguments), ContractError);
}

TEST(FindKernels, TakesAFileNameWithoutASlashForAFile) {
  const Names arguments = {"libm.so"};  // which the system's linker would find
  try {
    find_kernels(arguments);
    ADD_FAILURE() << "no complaint";
  } catch (const PluginError& error) {
    EXPECT_STREQ(error.what(), "libm.so: no such file");
  }
}

}  // namespace
}  // namespace attest::kernels
