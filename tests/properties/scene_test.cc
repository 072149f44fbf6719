#include "properties/scene.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "oracle/definition.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using Rows = std::vector<oracle::Row<double>>;

/// Scenes with every mask and modifier (dense), and with pages (sliding window).
template <typename Test>
void on_drawn_scenes(Test test) {
  const Property& property = *find_property("oracle.output");
  for (const char* kernel : {"cpu/dense_f32", "cpu/sliding_window_f32"}) {
    const kernels::KernelInfo info = tests::builtin(kernel);
    for (std::uint64_t k = 0; k < 60; ++k) {
      SCOPED_TRACE(info.name + ", case " + std::to_string(k));
      test(scene_of(draw_case(property, info, 1, k)));
    }
  }
}

Rows define(const Scene& scene) { return oracle::attend<double>(scene.problem, scene.inputs); }

/// NaN equals NaN here.
bool equal(double a, double b) { return a == b || (a != a && b != b); }

void expect_equal(const oracle::Row<double>& a, const oracle::Row<double>& b) {
  ASSERT_TRUE(equal(a.lse, b.lse)) << a.lse << " and " << b.lse;
  ASSERT_EQ(a.empty, b.empty);
  for (std::size_t d = 0; d < a.o.size(); ++d) ASSERT_TRUE(equal(a.o[d], b.o[d]));
}

problem::Case as_case(const Scene& scene) {
  problem::Case value = problem::make_case(scene.problem);
  value.storage = scene.storage;
  return value;
}

TEST(Scene, OfACaseIsItsCallWithoutPoison) {
  const kernels::KernelInfo info = tests::builtin("cpu/dense_f32");
  const problem::Case value = draw_case(*find_property("padding.page_tail"), info, 1, 4);
  const Scene scene = scene_of(value);
  EXPECT_EQ(scene.problem, value.problem());
  EXPECT_EQ(scene.storage, value.storage);
  EXPECT_TRUE(scene.poisons.empty());
  EXPECT_TRUE(scene.judged_rows.empty());
}

TEST(Scene, CutToSomeRowsHasTheirResults) {
  int cut_any = 0;
  on_drawn_scenes([&](const Scene& scene) {
    if (!scene.problem.mask.tree.empty()) return;  // a tree belongs to the last rows
    std::vector<RowCut> cuts;
    for (const auto& sequence : scene.problem.sequences) {
      cuts.push_back({sequence.q_len / 3, sequence.q_len - sequence.q_len / 2, sequence.kv_len});
      cuts.back().count = std::min(cuts.back().count, sequence.q_len - cuts.back().first);
    }
    const Scene cut = cut_rows(scene, cuts);
    const auto error = problem::find_error(as_case(cut));
    ASSERT_FALSE(error) << *error;
    const Rows whole = define(scene), part = define(cut);
    const std::int64_t heads = scene.problem.num_q_heads;
    std::size_t next = 0;
    for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
      const std::int64_t first = (scene.problem.first_row(b) + cuts[b].first) * heads;
      for (std::int64_t i = 0; i < cuts[b].count * heads; ++i, ++cut_any) {
        ASSERT_NO_FATAL_FAILURE(
            expect_equal(part[next++], whole[static_cast<std::size_t>(first + i)]));
      }
    }
    ASSERT_EQ(next, part.size());
  });
  EXPECT_GT(cut_any, 500);
}

TEST(Scene, CutToWhatACausalRowSeesHasItsResult) {
  int compared = 0;
  on_drawn_scenes([&](const Scene& scene) {
    if (!scene.problem.mask.causal || !scene.problem.mask.tree.empty()) return;
    std::vector<RowCut> cuts;
    for (const auto& sequence : scene.problem.sequences) {
      const std::int64_t seen =
          std::clamp<std::int64_t>(sequence.first_position() + 1, 0, sequence.kv_len);
      cuts.push_back({0, std::min<std::int64_t>(sequence.q_len, 1),
                      sequence.q_len == 0 ? sequence.kv_len : seen});
    }
    const Scene cut = cut_rows(scene, cuts);
    const auto error = problem::find_error(as_case(cut));
    ASSERT_FALSE(error) << *error;
    const Rows whole = define(scene), part = define(cut);
    const std::int64_t heads = scene.problem.num_q_heads;
    std::size_t next = 0;
    for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
      for (std::int64_t i = 0; i < cuts[b].count * heads; ++i, ++compared) {
        const std::int64_t at = scene.problem.first_row(b) * heads + i;
        ASSERT_NO_FATAL_FAILURE(expect_equal(part[next++], whole[static_cast<std::size_t>(at)]));
      }
    }
  });
  EXPECT_GT(compared, 100);
}

TEST(Scene, ReorderedHasTheResultsInTheNewOrder) {
  on_drawn_scenes([](const Scene& scene) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(scene.problem.batch()));
    std::iota(order.rbegin(), order.rend(), 0);
    order.push_back(order.front());  // and one twice
    const Scene other = reorder_sequences(scene, order);
    const auto error = problem::find_error(as_case(other));
    ASSERT_FALSE(error) << *error;
    const Rows whole = define(scene), rows = define(other);
    const std::int64_t heads = scene.problem.num_q_heads;
    std::size_t next = 0;
    for (const std::int64_t b : order) {
      const std::int64_t first = scene.problem.first_row(b) * heads;
      for (std::int64_t i = 0; i < scene.problem.sequences[b].q_len * heads; ++i) {
        ASSERT_NO_FATAL_FAILURE(
            expect_equal(rows[next++], whole[static_cast<std::size_t>(first + i)]));
      }
    }
    ASSERT_EQ(next, rows.size());
  });
}

TEST(Scene, ReorderedTakesEverythingPerSequenceAlong) {
  Scene scene;
  scene.problem.sequences = {{1, 2}, {2, 3}};
  scene.problem.num_q_heads = scene.problem.num_kv_heads = 2;
  scene.problem.k_scale = {1, 2, 3, 4};
  scene.problem.v_scale = {7};
  scene.problem.mask.custom = {{1, 0}, {1, 1, 0, 0, 1, 0}};
  scene.judged_rows = {{0, 1}, {1, 2}};
  problem::Values values;
  scene.inputs = problem::make_inputs(scene.problem, values, scene.storage);
  const Scene other = reorder_sequences(scene, {1, 0});
  EXPECT_EQ(other.problem.k_scale, (problem::Scales{3, 4, 1, 2}));
  EXPECT_EQ(other.problem.v_scale, (problem::Scales{7}));
  EXPECT_EQ(other.problem.mask.custom[0], scene.problem.mask.custom[1]);
  EXPECT_EQ(other.judged_rows[0], (problem::Range{1, 2}));
}

TEST(Scene, OfSelectedHeadsHasTheirResults) {
  on_drawn_scenes([](const Scene& scene) {
    const auto& problem = scene.problem;
    std::vector<std::int64_t> kv_heads, q_heads;
    for (std::int64_t kv = problem.num_kv_heads; kv-- > 0;) {
      kv_heads.push_back(kv);
      for (std::int64_t i = 0; i < problem.group(); ++i)
        q_heads.push_back(kv * problem.group() + i);
    }
    const Scene other = select_heads(scene, q_heads, kv_heads);
    const auto error = problem::find_error(as_case(other));
    ASSERT_FALSE(error) << *error;
    const Rows whole = define(scene), rows = define(other);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t row = i / q_heads.size();
      const auto old = static_cast<std::size_t>(q_heads[i % q_heads.size()]);
      ASSERT_NO_FATAL_FAILURE(expect_equal(rows[i], whole[row * q_heads.size() + old]));
    }
  });
}

TEST(Scene, PlainStorageGivesEverySequencePagesOfItsOwnInOrder) {
  problem::Problem problem;
  problem.sequences = {{1, 5}, {1, 0}, {1, 4}};
  const auto storage = plain_storage(problem, problem::KvLayout::kPagedNHD, 4);
  EXPECT_EQ(storage.block_table, (std::vector<std::vector<std::int32_t>>{{0, 1}, {}, {2}}));
  EXPECT_EQ(storage.num_pages, 3);
  EXPECT_FALSE(problem::find_error(problem, storage));
  EXPECT_FALSE(
      problem::find_error(problem, plain_storage(problem, problem::KvLayout::kContiguous, 0)));
}

}  // namespace
}  // namespace attest::properties
