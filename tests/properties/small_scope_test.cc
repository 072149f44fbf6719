// The small scope holds what it says: all of it, nothing twice, nothing the kernel does not
// declare.
#include "properties/small_scope.h"

#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/property.h"
#include "properties/small_scope_masks.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using problem::Case;
using tests::builtin;
using tests::correct_kernels;

/// All that makes sequence b of a batch another problem.
std::string describe(const Case& value, std::size_t b) {
  const auto& problem = value.problem();
  const auto& mask = problem.mask;
  const auto [q_len, kv_len, start] = problem.sequences[b];
  const auto number = [](const auto& optional) { return optional ? *optional : -9; };
  std::string text = fmt::format(
      "layout {} page {} {} heads {} {} causal {} left {} right {} chunk {} lengths {} {} {}",
      static_cast<int>(value.storage.layout), value.storage.page_size,
      value.storage.block_table.empty() || value.storage.num_pages < 2 ? 0
      : value.storage.block_table[0].empty()                           ? -1
                                             : value.storage.block_table[0][0] > 0,
      problem.num_q_heads, problem.num_kv_heads, mask.causal, number(mask.window_left),
      number(mask.window_right), number(mask.attention_chunk), q_len, kv_len, number(start));
  if (!mask.tree.empty()) {
    text += " tree";
    for (const auto parent : mask.tree[b].parent) text += fmt::format(" {}", parent);
  }
  if (!mask.custom.empty()) {
    text += " custom ";
    for (const auto bit : mask.custom[b]) text += bit != 0 ? '1' : '0';
  }
  for (const auto& item : value.values.overrides) {
    if (item.tensor == problem::Tensor::kK && item.sequence == static_cast<std::int64_t>(b))
      text += fmt::format(" {:x}", item.bits);
  }
  return text;
}

TEST(SmallScope, HoldsEveryProblemOnce) {
  const SmallScope scope(builtin("cpu/prefill_key_outer_f32"));
  std::set<std::string> seen;
  std::size_t problems = 0;
  for (std::uint64_t k = 0; k < scope.count(); ++k) {
    const Case value = scope.batch(k);
    // Reversed tables differ by more than the first id; leave them to the count.
    if (value.storage.page_size > 0) continue;
    for (std::size_t b = 0; b < value.problem().sequences.size(); ++b) {
      ++problems;
      EXPECT_TRUE(seen.insert(describe(value, b)).second) << describe(value, b);
    }
  }
  EXPECT_EQ(seen.size(), problems);
  EXPECT_GT(problems, 5'000u);
}

TEST(SmallScope, IsWellFormedAndDeclared) {
  for (const kernels::KernelInfo& info : correct_kernels()) {
    const SmallScope scope(info);
    const std::uint64_t step = scope.count() / 300 + 1;
    for (std::uint64_t k = 0; k < scope.count(); k += step) {
      const Case value = scope.batch(k);
      EXPECT_EQ(problem::find_error(value).value_or(""), "") << info.name << " batch " << k;
      EXPECT_EQ(kernels::unsupported(info, value.problem(), value.storage).value_or(""), "")
          << info.name << " batch " << k;
    }
  }
}

TEST(SmallScope, HoldsAMillionProblemsOfTheDenseKernel) {
  const SmallScope scope(builtin("cpu/dense_f32"));
  std::int64_t problems = 0;
  for (std::uint64_t k = 0; k < scope.count(); k += 64)
    problems += scope.batch(k).problem().batch();
  EXPECT_GT(problems * 64, 1'000'000);
}

TEST(SmallScope, HasEveryTreeAndPattern) {
  // 1 of one token, 2 of two, 6 of three, 24 of four.
  EXPECT_EQ(count_trees(4, 4), 33u);
  EXPECT_EQ(count_trees(2, 4), 3u);
  EXPECT_EQ(count_trees(0, 4), 1u);
  std::set<std::vector<std::int32_t>> trees;
  for (std::uint32_t n = 0; n < 33; ++n) trees.insert(tree_at(4, 4, n).parent);
  EXPECT_EQ(trees.size(), 33u);
  EXPECT_EQ(count_customs(2, 3), 64u);
  EXPECT_EQ(count_customs(4, 4), 0u);
  std::set<std::vector<std::uint8_t>> customs;
  for (std::uint32_t n = 0; n < 64; ++n) customs.insert(custom_at(2, 3, n));
  EXPECT_EQ(customs.size(), 64u);
}

TEST(SmallScope, FindsAPlantedBugAmongItsFirstBatches) {
  const kernels::KernelInfo info = builtin("planted/self_not_attended");
  const auto session = tests::open(info);
  Harness harness(*session);
  const Property& property = *find_property("oracle.small_scope");
  bool failed = false;
  for (std::uint64_t k = 0; k < 200 && !failed; ++k)
    failed = run_check(property, scope_case(property, info, k), harness).failed();
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace attest::properties
