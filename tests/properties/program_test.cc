// Family cache: what is drawn, that correct kernels pass, and that the check hears what it must.
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "corpus/case_file.h"
#include "properties/program_generate.h"
#include "properties/program_pages.h"
#include "properties/program_run.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Op;
using problem::Status;
using problem::Verdict;
using tests::builtin;
using tests::correct_kernels;

constexpr std::uint64_t kCases = 60;

const Property& property(std::string_view id) { return *find_property(id); }

std::vector<const Property*> family() {
  std::vector<const Property*> found;
  for (const Property& each : all_properties()) {
    if (each.id.starts_with("cache.")) found.push_back(&each);
  }
  return found;
}

TEST(Programs, AreValidAndSurviveTheCaseFile) {
  for (const Property* each : family()) {
    for (const KernelInfo& info : correct_kernels()) {
      if (!each->applies(info)) continue;
      for (std::uint64_t k = 0; k < kCases; ++k) {
        const Case value = draw_case(*each, info, 1, k);
        ASSERT_EQ(problem::find_error(value).value_or(""), "") << each->id << info.name << k;
        EXPECT_TRUE(problem::is_program(value));
        EXPECT_FALSE(unserved(info, value)) << *unserved(info, value);
        EXPECT_EQ(corpus::parse_case(corpus::write_case(value), "x"), value);
      }
    }
  }
}

TEST(Programs, HaveAllThereIsToHave) {
  const KernelInfo info = builtin("cpu/ragged_batch_f32");
  std::map<Op, int> ops;
  int padded = 0, copied = 0, reused = 0, shared = 0, prefills = 0, mixed = 0, random = 0;
  for (std::uint64_t k = 0; k < 200; ++k) {
    const Case value = draw_case(property("cache.program"), info, 1, k);
    random += value.plan.schedule_seed != 0 ? 1 : 0;
    ProgramPages pages(value);
    std::set<std::int32_t> used;
    for (const problem::Call& call : value.program.calls) {
      ++ops[call.op];
      std::vector<std::int64_t> rows;
      for (const auto& sequence : call.problem.sequences) rows.push_back(sequence.q_len);
      ASSERT_TRUE(pages.step());
      for (const auto& appended : pages.appended()) copied += appended.copy ? 1 : 0;
      for (const auto& item : pages.items()) {
        if (call.op != Op::kAttend && call.op != Op::kAppend) continue;
        padded += pages.tape().names[static_cast<std::size_t>(item.sequence)] == "-" ? 1 : 0;
      }
      if (call.op == Op::kAttend) {
        prefills += rows.front() > 1 ? 1 : 0;
        mixed += std::set<std::int64_t>(rows.begin(), rows.end()).size() > 1 ? 1 : 0;
      }
      for (std::int32_t page = 0; page < pages.blocks().num_pages(); ++page) {
        shared += pages.blocks().users(page) > 1 ? 1 : 0;
        if (pages.blocks().users(page) > 0) used.insert(page);
        if (pages.blocks().users(page) == 0 && used.contains(page)) ++reused;
      }
    }
  }
  for (const Op op : {Op::kAppend, Op::kAttend, Op::kFork, Op::kFree, Op::kRollback}) {
    EXPECT_GT(ops[op], 20) << problem::name_of(op);
  }
  for (const int count : {padded, copied, reused, shared, prefills, mixed, random}) {
    EXPECT_GT(count, 10);
  }
}

TEST(Programs, EvictionGivesPagesBackThatAreUsedAgain) {
  const KernelInfo info = builtin("cpu/sliding_window_f32");
  int evicted = 0, dangling = 0;
  for (std::uint64_t k = 0; k < 200; ++k) {
    const Case value = draw_case(property("cache.eviction"), info, 1, k);
    ProgramPages pages(value);
    for (std::size_t i = 0; i < value.program.calls.size(); ++i) {
      ASSERT_TRUE(pages.step());
      for (std::int64_t s = 0; s < pages.tape().problem.batch(); ++s) {
        for (std::int64_t block = 0; block < pages.blocks().evicted_pages(s); ++block) {
          ++evicted;
          const auto page = pages.blocks().table(s)[static_cast<std::size_t>(block)];
          dangling += pages.blocks().users(page) > 0 ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(evicted, 100);
  EXPECT_GT(dangling, 20);
}

TEST(Programs, CorrectKernelsPassAndFewCasesAreSkipped) {
  for (const Property* each : family()) {
    for (const KernelInfo& info : correct_kernels()) {
      if (!each->applies(info)) continue;
      const auto session = tests::open(info);
      Harness harness(*session);
      std::uint64_t skipped = 0;
      for (std::uint64_t k = 0; k < kCases; ++k) {
        const Verdict verdict = run_check(*each, draw_case(*each, info, 2, k), harness);
        EXPECT_FALSE(verdict.failed())
            << each->id << " " << info.name << " " << k << ": " << verdict.message;
        skipped += verdict.status == Status::kSkipped ? 1 : 0;
      }
      EXPECT_LT(skipped, kCases / 5) << each->id << " " << info.name;
    }
  }
}

bool kills(const char* kernel, const char* id, std::uint64_t cases) {
  const KernelInfo info = builtin(kernel);
  const auto session = tests::open(info);
  Harness harness(*session);
  for (std::uint64_t k = 0; k < cases; ++k) {
    const Verdict verdict = run_check(property(id), draw_case(property(id), info, 1, k), harness);
    if (verdict.failed()) return true;
  }
  return false;
}

TEST(Programs, KillStatefulBugs) {
  EXPECT_TRUE(kills("planted/block_table_kept", "cache.program", 2000));
  EXPECT_TRUE(kills("planted/block_table_kept", "cache.fork", 500));
  EXPECT_TRUE(kills("planted/rejected_tokens_attended", "cache.program", 500));
  EXPECT_TRUE(kills("planted/rejected_tokens_attended", "cache.rollback", 200));
}

}  // namespace
}  // namespace attest::properties
