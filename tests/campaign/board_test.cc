#include "campaign/board.h"

#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "problem/errors.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

Counts counted(std::int64_t cases, double worst) {
  Counts counts;
  counts.cases = cases;
  counts.judged = cases;
  counts.worst = worst;
  return counts;
}

TEST(Board, SumsLanesAndKeepsTheWorst) {
  const Board board(2, 3);
  board.slot(0, 1).commit(counted(5, 0.25));
  board.slot(2, 1).commit(counted(7, 0.5));
  EXPECT_EQ(board.counts(1).cases, 12);
  EXPECT_EQ(board.counts(1).worst, 0.5);
  EXPECT_EQ(board.counts(0).cases, 0);
}

TEST(Board, IsSeenByTheProcessThatForked) {
  const Board board(1, 1);
  const pid_t child = fork();
  if (child == 0) {
    board.slot(0, 0).commit(counted(3, 0));
    board.pair(0).failed_at(9);
    board.pair(0).failed_at(11);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(board.counts(0).cases, 3);
  EXPECT_EQ(board.pair(0).first_failure, 9u);
}

TEST(Board, BehindAFileItOutlivesItsProcess) {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "board";
  {
    const Board board(2, 2, file);
    board.slot(1, 1).commit(counted(4, 0.125));
    board.phase() = Phase::kSearch;
    board.stop() = true;
  }
  const Board board(2, 2, file);
  EXPECT_EQ(board.counts(1).cases, 4);
  EXPECT_EQ(board.phase(), Phase::kSearch);
  EXPECT_FALSE(board.stop());
  EXPECT_EQ(board.pair(0).first_failure, kNoFailure);
}

TEST(Board, OfAnotherShapeBeginsAnew) {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "board";
  Board(2, 2, file).slot(0, 0).commit(counted(4, 0));
  EXPECT_EQ(Board(3, 2, file).counts(0).cases, 0);
}

TEST(Board, WithoutRoomForItsFileThereIsAnErrorAndNoFile) {
  const tests::TemporaryFolder folder;
  EXPECT_THROW(Board(1, 1, folder.path() / "no such folder" / "board"), SystemError);
}

}  // namespace
}  // namespace attest::campaign
