#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "corpus/case_file.h"
#include "corpus/file_io.h"
#include "problem/errors.h"
#include "tests/corpus/random_case.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::corpus {
namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;

/// The message of the E that `action` throws.
template <typename E, typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

TEST(SaveCase, WritesWhatReadCaseReads) {
  const TemporaryFolder folder;
  const problem::Case value = tests::random_case(3);
  const fs::path path = folder.path() / "a.case.json";
  save_case(value, path);
  EXPECT_EQ(read_case(path), value);
  EXPECT_EQ(tests::read_text(path), write_case(value));
  EXPECT_EQ(folder.size(), 1U) << "nothing else stays behind";
}

TEST(SaveCase, ReplacesAFileWhole) {
  const TemporaryFolder folder;
  const fs::path path = folder.add("a.case.json", std::string(100000, 'x'));
  save_case(tests::random_case(4), path);
  EXPECT_EQ(read_case(path), tests::random_case(4));
}

TEST(SaveCase, RefusesACaseThatIsNotWellFormed) {
  const TemporaryFolder folder;
  problem::Case value = tests::random_case(5);
  value.problem().head_dim_qk = -1;
  EXPECT_THROW(save_case(value, folder.path() / "a.case.json"), ContractError);
  EXPECT_EQ(folder.size(), 0U);
}

TEST(SaveCase, IntoAFolderThatIsNotThereSaysSo) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "missing" / "a.case.json";
  EXPECT_EQ(error_of<SystemError>([&] { save_case(tests::random_case(5), path); }),
            "cannot write " + path.string() + ": No such file or directory");
}

TEST(SaveCase, OverAFolderFailsAndLeavesNothing) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.case.json";
  fs::create_directory(path);
  EXPECT_EQ(error_of<SystemError>([&] { save_case(tests::random_case(5), path); }),
            "cannot write " + path.string() + ": Is a directory");
  EXPECT_EQ(folder.size(), 1U);
}

TEST(SaveCase, IntoAFolderWithoutPermissionFails) {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  // Root may write anywhere, so root does not take this part.
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  EXPECT_THROW(save_case(tests::random_case(5), folder.path() / "a.case.json"), SystemError);
  if (user == 0) {
    ASSERT_EQ(::seteuid(user), 0);
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST(SaveCase, OnAFullDiskKeepsTheOldFileAndLeavesNothing) {
  // A limit on the size of files fails a write half way, like a full disk.
  const TemporaryFolder folder;
  const fs::path path = folder.add("a.case.json", "old");
  rlimit old_limit = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old_limit;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error =
      error_of<SystemError>([&] { write_file_atomically(path, std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(error, "cannot write " + path.string() + ": File too large");
  EXPECT_EQ(tests::read_text(path), "old");
  EXPECT_EQ(folder.size(), 1U);
}

TEST(ReadCase, OfNoFileSaysSo) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.case.json";
  EXPECT_EQ(error_of<CorpusError>([&] { read_case(path); }),
            path.string() + ": No such file or directory");
}

TEST(ReadCase, OfAFolderSaysSo) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of<CorpusError>([&] { read_case(folder.path()); }),
            folder.path().string() + ": expected a file, got a directory");
}

TEST(ReadCase, OfAPipeDoesNotWait) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.case.json";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(error_of<CorpusError>([&] { read_case(path); }),
            path.string() + ": expected a file, got a pipe");
}

TEST(ReadCase, OfADeviceIsRefused) {
  EXPECT_EQ(error_of<CorpusError>([] { read_case("/dev/zero"); }),
            "/dev/zero: expected a file, got a device");
}

TEST(ReadCase, StopsAtTheCap) {
  const TemporaryFolder folder;
  const fs::path path = folder.add("a.case.json", "");
  fs::resize_file(path, std::uintmax_t{1} << 40);  // sparse: a terabyte of zeros
  EXPECT_EQ(error_of<CorpusError>([&] { read_case(path); }),
            path.string() + ": expected at most 16777216 bytes, got more");
}

TEST(ReadCase, ShowsAPathWithEscapesSafely) {
  EXPECT_EQ(error_of<CorpusError>([] { read_case("/tmp/\x1b[2J.case.json"); }),
            "/tmp/\\x1b[2J.case.json: No such file or directory");
}

TEST(ListCases, FindsCaseFilesBelowSortedByPath) {
  const TemporaryFolder folder;
  folder.add("b.case.json", "");
  folder.add("a/z.case.json", "");
  folder.add("a/README.md", "");
  folder.add("c.json", "");
  fs::create_directory(folder.path() / "d.case.json");
  const std::vector<fs::path> expected = {folder.path() / "a/z.case.json",
                                          folder.path() / "b.case.json"};
  EXPECT_EQ(list_cases(folder.path()), expected);
}

TEST(ListCases, OfOneFileIsThatFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.add("b.txt", "");
  EXPECT_EQ(list_cases(path), std::vector{path});
}

TEST(ListCases, OfNothingSaysSo) {
  EXPECT_EQ(error_of<CorpusError>([] { list_cases("/no/such/folder"); }),
            "/no/such/folder: No such file or directory");
}

}  // namespace
}  // namespace attest::corpus
