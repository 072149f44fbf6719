#include "campaign/run/merge_cases.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "campaign/run/identity.h"
#include "corpus/case_file.h"
#include "corpus/json_field.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

// A line quotes its case, which escapes every quote once more, and has little else.
constexpr std::size_t kMaxLine = 2 * corpus::kMaxCaseBytes + (std::size_t{1} << 20);

/// Pairs by position, then k.
using Key = std::pair<std::size_t, std::uint64_t>;

/// One cases.jsonl, line by line.
class CaseReader {
 public:
  CaseReader(const fs::path& path, const RunIdentity& identity)
      : name_(path_text(path)), identity_(identity), file_(path, std::ios::binary) {
    if (!file_) throw CorpusError(name_, std::strerror(errno));
  }

  /// False at the end. Throws: CorpusError.
  bool next() {
    const Key before = key_;
    if (!read_line()) return false;
    ++number_;
    const std::string where = fmt::format("{}, line {}", name_, number_);
    const nlohmann::json document = corpus::parse_json(line_, where);
    const corpus::Field metadata = corpus::Field(document, where).member("metadata");
    const std::string kernel = metadata.member("kernel").text(4000);
    const std::string property = metadata.member("property").text(4000);
    const auto k = static_cast<std::uint64_t>(
        metadata.member("k").integer(0, std::numeric_limits<std::int64_t>::max()));
    key_ = {position_of(identity_, kernel, property), k};
    if (number_ > 1 && key_ <= before) throw CorpusError(where, "out of order");
    return true;
  }

  const Key& key() const { return key_; }
  const std::string& line() const { return line_; }

 private:
  bool read_line() {
    line_.clear();
    std::streambuf& bytes = *file_.rdbuf();
    for (;;) {
      const int byte = bytes.sbumpc();
      if (byte == std::char_traits<char>::eof()) {
        if (!line_.empty()) throw CorpusError(name_, "the last line is cut off");
        return false;
      }
      if (byte == '\n') return true;
      if (line_.size() == kMaxLine) throw CorpusError(name_, "a line is too long");
      line_ += static_cast<char>(byte);
    }
  }

  std::string name_;
  const RunIdentity& identity_;
  std::ifstream file_;
  std::string line_;
  std::size_t number_ = 0;
  Key key_;
};

}  // namespace

void merge_cases(const std::vector<fs::path>& folders, const RunRecord& merged,
                 const fs::path& path) {
  std::map<std::size_t, std::uint64_t> last;  // of pairs that fail
  for (const PairRecord& pair : merged.pairs) {
    if (!pair.first_failure || merged.identity.keep_going) continue;
    last[position_of(merged.identity, pair.kernel, pair.property)] = *pair.first_failure;
  }
  std::vector<std::unique_ptr<CaseReader>> readers;
  const auto later = [](const CaseReader* a, const CaseReader* b) { return a->key() > b->key(); };
  std::priority_queue<CaseReader*, std::vector<CaseReader*>, decltype(later)> queue(later);
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (!fs::is_regular_file(folder / kCasesFile, error)) continue;
    readers.push_back(std::make_unique<CaseReader>(folder / kCasesFile, merged.identity));
    if (readers.back()->next()) queue.push(readers.back().get());
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  while (!queue.empty() && file) {
    CaseReader* first = queue.top();
    queue.pop();
    const auto [pair, k] = first->key();
    const auto failure = last.find(pair);
    if (failure == last.end() || k <= failure->second) file << first->line() << '\n';
    if (first->next()) queue.push(first);
  }
  file.flush();
  if (!file) {
    throw SystemError(fmt::format("cannot write {}: {}", path_text(path), std::strerror(errno)));
  }
}

}  // namespace attest::campaign
