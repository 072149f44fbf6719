#include "campaign/history.h"

#include <gtest/gtest.h>

#include "problem/case.h"
#include "problem/errors.h"
#include "tests/campaign/fakes.h"

namespace attest::campaign {
namespace {

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() : session_(tests::fake_sessions()(tests::fake_kernel("fake/a"), {})) {}

  void run(const Past& past, bool restarts = false) {
    history_.begin(*session_);
    if (restarts) session_->restart();
    history_.ran(past, *session_);
  }

  std::unique_ptr<kernels::Session> session_;
  History history_;
};

TEST_F(HistoryTest, RemembersWhatTheKernelObjectHasSeenOldestFirst) {
  run({0, 4});
  run({2, 1});
  EXPECT_EQ(history_.past(), (std::vector<Past>{{0, 4}, {2, 1}}));
}

TEST_F(HistoryTest, ForgetsWhatAnEarlierObjectSawButNotTheCheckInWhichItWentAway) {
  run({0, 4});
  run({0, 5}, true);
  run({0, 6});
  EXPECT_EQ(history_.past(), (std::vector<Past>{{0, 5}, {0, 6}}));
}

TEST_F(HistoryTest, ReplacesAnObjectThatHasSeenAsMuchAsAFileCanHold) {
  for (std::uint64_t k = 0; k < problem::kMaxHistory; ++k) run({0, k});
  EXPECT_EQ(history_.past().size(), problem::kMaxHistory);
  const std::uint64_t before = session_->generation();
  run({1, 0});
  EXPECT_GT(session_->generation(), before);
  EXPECT_EQ(history_.past(), (std::vector<Past>{{1, 0}}));
}

TEST(HistoryText, ReadsBack) {
  const std::vector<std::vector<Past>> all = {
      {},
      {{3, 7}},
      {{3, 7}, {3, 7}},
      {{0, 1}, {0, 3}, {0, 5}, {1, 7}, {1, 6}, {1, 5}, {1, 5}, {0, 1}, {0, ~std::uint64_t{0}}}};
  for (const auto& past : all) EXPECT_EQ(parse_history(write_history(past)), past);
}

TEST(HistoryText, IsShortWhereALaneWorksOnOnePair) {
  std::vector<Past> past;
  for (std::uint64_t k = 0; k < 4000; ++k) past.push_back({k / 1000, 1 + 2 * k});
  EXPECT_LT(write_history(past).size(), 200u);
  EXPECT_EQ(parse_history(write_history(past)), past);
}

TEST(HistoryText, CutOffIsAnError) {
  const std::string bytes = write_history({{3, 7}});
  EXPECT_THROW(parse_history(bytes.substr(0, bytes.size() - 1)), ContractError);
}

}  // namespace
}  // namespace attest::campaign
