#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using tests::correct_kernels;

constexpr std::uint64_t kCheckedSeed = 1;

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> names;
  std::string name;
  for (const char c : std::string(list) + ",") {
    if (c == ',') {
      if (!name.empty()) names.push_back(name);
      name.clear();
    } else if (c != ' ') {
      name += c;
    }
  }
  return names;
}

TEST(Properties, HaveAnIdOfTheirOwnAClaimAndAPlace) {
  std::set<std::string_view> ids;
  for (const Property& property : all_properties()) {
    SCOPED_TRACE(property.id);
    EXPECT_TRUE(ids.insert(property.id).second);
    const std::size_t dot = property.id.find('.');
    ASSERT_NE(dot, std::string_view::npos);
    EXPECT_EQ(property.id.find('.', dot + 1), std::string_view::npos);
    for (const std::string_view word : {property.id.substr(0, dot), property.id.substr(dot + 1)}) {
      EXPECT_TRUE(!word.empty() && word.front() != '_' && word.back() != '_');
      EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
                std::string_view::npos);
    }
    EXPECT_FALSE(property.claim.empty());
    ASSERT_NE(property.file, nullptr);
    const std::string family(property.id.substr(0, dot));
    EXPECT_NE(std::string(property.file).find("properties/" + family), std::string::npos);
    EXPECT_GT(property.line, 0);
    EXPECT_EQ(find_property(property.id), &property);
  }
  EXPECT_EQ(find_property("oracle.nothing"), nullptr);
}

TEST(Properties, EachApplyToABuiltInKernelHereOrOnAGpu) {
  for (const Property& property : all_properties()) {
    const auto applies = [&property](KernelInfo info) {
      if (property.applies(info)) return true;
      info.capabilities.device = ATTEST_CUDA;
      return property.applies(info);
    };
    EXPECT_TRUE(std::any_of(correct_kernels().begin(), correct_kernels().end(), applies))
        << property.id;
  }
}

TEST(Properties, HoldOnEveryCorrectKernelAndAreJudgedOnAThirdOfTheCases) {
  for (const KernelInfo& info : correct_kernels()) {
    // CUDA code on the executor takes a thread's time for each of its threads.
    // Too few judged of 15 may be chance; of 45 it is not.
    const std::int64_t few = info.on_executor ? 3 : 15, many = info.on_executor ? 3 : 45;
    const auto session = tests::open(info);
    for (const Property& property : all_properties()) {
      if (!property.applies(info)) continue;
      SCOPED_TRACE(std::string(property.id) + " on " + info.name);
      Harness harness(*session);
      std::int64_t judged = 0, cases = 0;
      std::string why;
      while (cases < few || (3 * judged < cases && cases < many)) {
        const std::int64_t k = cases++;
        const auto value = draw_case(property, info, kCheckedSeed, static_cast<std::uint64_t>(k));
        const problem::Verdict verdict = run_check(property, value, harness);
        if (verdict.status == problem::Status::kSkipped) {
          why = verdict.message;
          continue;
        }
        EXPECT_EQ(verdict.status, problem::Status::kPass)
            << "case " << k << ": " << verdict.message;
        ++judged;
      }
      EXPECT_EQ(harness.statistics().checks, judged);
      // Too few for a share; the campaigns of tests/e2e say what was never judged.
      if (info.on_executor) continue;
      EXPECT_GE(3 * judged, cases) << "skipped, for one because: " << why;
    }
  }
}

/// As a shrunk case has them, or a file that somebody wrote.
TEST(Properties, TakeDifferentNumbersOfChunksInTheSequencesOfACase) {
  const Property& property = *find_property("chunking.split");
  const KernelInfo info = tests::builtin("cpu/prefill_query_outer_f32");
  const auto session = tests::open(info);
  Harness harness(*session);
  int judged = 0;
  for (std::uint64_t k = 0; k < 30; ++k) {
    problem::Case value = draw_case(property, info, kCheckedSeed, k);
    const auto& sequences = value.problem().sequences;
    value.plan.chunks.clear();
    for (std::size_t b = 0; b < sequences.size(); ++b) {
      const std::int64_t rows = sequences[b].q_len;
      const bool one_by_one = b % 2 == 1 && rows > 0;
      value.plan.chunks.push_back(one_by_one
                                      ? std::vector<std::int64_t>(static_cast<std::size_t>(rows), 1)
                                      : std::vector<std::int64_t>{rows});
    }
    ASSERT_FALSE(problem::find_error(value));
    const problem::Verdict verdict = run_check(property, value, harness);
    EXPECT_FALSE(verdict.failed()) << verdict.message;
    judged += verdict.status == problem::Status::kPass ? 1 : 0;
  }
  EXPECT_GT(judged, 10);
}

/// Whether the property fails on the kernel within the first 300 cases.
bool kills(const Property& property, const KernelInfo& info) {
  const auto session = tests::open(info);
  Harness harness(*session);
  for (std::uint64_t k = 0; k < 300; ++k) {
    if (run_check(property, draw_case(property, info, kCheckedSeed, k), harness).failed())
      return true;
  }
  return false;
}

TEST(Properties, KillThePlantedBugsTheyName) {
  for (const Property& property : all_properties()) {
    for (const std::string& name : split(property.kills)) {
      SCOPED_TRACE(std::string(property.id) + " and " + name);
      const KernelInfo info = tests::builtin("planted/" + name);
      EXPECT_TRUE(property.applies(info));
      EXPECT_TRUE(kills(property, info));
    }
  }
}

TEST(Properties, NameEveryPlantedBugAtLeastOnce) {
  std::set<std::string> named;
  for (const Property& property : all_properties()) {
    for (const std::string& name : split(property.kills)) named.insert("planted/" + name);
  }
  for (const KernelInfo& info : kernels::builtin_infos()) {
    EXPECT_TRUE(!kernels::is_planted(info) || named.contains(info.name)) << info.name;
  }
}

}  // namespace
}  // namespace attest::properties
