// Case files on disk.
#include <algorithm>
#include <system_error>

#include "corpus/case_file.h"
#include "corpus/file_io.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::corpus {

problem::Case read_case(const std::filesystem::path& path) {
  return parse_case(read_regular_file(path, kMaxCaseBytes), path.string());
}

void save_case(const problem::Case& value, const std::filesystem::path& path) {
  const std::string text = write_case(value);
  // A file nobody can read back is worse than none: a failure would look filed and be lost.
  std::string again;
  try {
    again = write_case(parse_case(text, path.string()));
  } catch (const CorpusError& error) {
    throw ContractError(std::string("cannot save a case that is not well formed: ") + error.what());
  }
  if (again != text) {
    throw ContractError("cannot save " + problem::printable(path.string()) +
                        ": its text reads back as another case");
  }
  write_file_atomically(path, text);
}

std::vector<std::filesystem::path> list_cases(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  const auto fail = [](const fs::path& path, const std::error_code& error) {
    throw CorpusError(problem::printable(path.string()), error.message());
  };
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (!fs::exists(status))
    fail(directory, std::make_error_code(std::errc::no_such_file_or_directory));
  if (error) fail(directory, error);
  if (!fs::is_directory(status)) return {directory};

  std::vector<fs::path> paths;
  fs::recursive_directory_iterator it(directory, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const bool is_case = it->path().filename().string().ends_with(kCaseSuffix);
    std::error_code unused;
    if (is_case && !it->is_directory(unused)) paths.push_back(it->path());
  }
  if (error) fail(directory, error);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace attest::corpus
