#include "campaign/run/journal.h"

#include <csignal>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "problem/errors.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

std::vector<std::string> records(const std::filesystem::path& path) {
  std::vector<std::string> all;
  Journal::read(path, [&](std::string_view record, std::size_t) { all.emplace_back(record); });
  return all;
}

TEST(Journal, ReadsBackWhatWasAppendedInOrder) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "journal";
  const std::string binary("\0a\n\xff", 4);
  {
    Journal journal(path);
    journal.append("one");
    journal.append("");
  }
  Journal(path).append(binary);
  EXPECT_EQ(records(path), (std::vector<std::string>{"one", "", binary}));
}

TEST(Journal, WhereverItWasCutShortTheWholeRecordsStay) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "journal";
  {
    Journal journal(path);
    journal.append("first");
    journal.append("second");
  }
  const std::string whole = tests::read_text(path);
  const std::size_t first = whole.size() / 2;  // both are 16 bytes and 5 or 6
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto cut = folder.add("cut", whole.substr(0, size));
    const std::size_t expected = size == whole.size() ? 2 : size >= first ? 1 : 0;
    EXPECT_EQ(records(cut).size(), expected) << size;
    Journal(cut).append("after");
    const std::vector<std::string> now = records(cut);
    ASSERT_EQ(now.size(), expected + 1) << size;
    EXPECT_EQ(now.back(), "after");
  }
}

TEST(Journal, BytesThatChangedEndIt) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "journal";
  {
    Journal journal(path);
    journal.append("first");
    journal.append("second");
  }
  std::string bytes = tests::read_text(path);
  bytes.back() ^= 1;
  EXPECT_EQ(records(folder.add("changed", bytes)), (std::vector<std::string>{"first"}));
}

TEST(Journal, ThatIsNotThereHasNoRecordsAndOneThatCannotBeIsAnError) {
  const tests::TemporaryFolder folder;
  EXPECT_TRUE(records(folder.path() / "nothing").empty());
  EXPECT_THROW(Journal(folder.path() / "no folder" / "journal"), SystemError);
}

/// Appends more than files may be long; exits with 0 when that is an error and nothing is lost.
[[noreturn]] void overflow(const std::filesystem::path& path) {
  Journal journal(path);
  journal.append("small");
  const rlimit small{64, 64};
  setrlimit(RLIMIT_FSIZE, &small);
  std::signal(SIGXFSZ, SIG_IGN);  // so that writing is an error
  try {
    journal.append(std::string(1000, 'x'));
  } catch (const SystemError&) {
    _exit(records(path) == std::vector<std::string>{"small"} ? 0 : 1);
  }
  _exit(2);
}

TEST(Journal, OnAFullDiskKeepsItsRecordsAndSaysSo) {
  // Played by a limit on the size of files: a full disk needs a file system of its own.
  const tests::TemporaryFolder folder;
  EXPECT_EXIT(overflow(folder.path() / "journal"), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace attest::campaign
