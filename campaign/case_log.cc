#include "campaign/case_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <tuple>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "campaign/path_text.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/labels.h"

namespace attest::campaign {
namespace {

/// Before every line in a lane's file.
struct Head {
  std::uint64_t pair;
  std::uint64_t k;
};

struct Entry {
  std::uint64_t pair;
  std::uint64_t k;
  std::size_t lane;
  std::size_t offset;  ///< of the line
  std::size_t size;
};

[[noreturn]] void fail(const std::filesystem::path& path, int why) {
  throw SystemError(fmt::format("{}: cannot write: {}", path_text(path), std::strerror(why)));
}

/// A file that is read in pieces.
class Pieces {
 public:
  explicit Pieces(const std::filesystem::path& path)
      : path_(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Pieces() {
    if (fd_ >= 0) close(fd_);
  }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  std::string read(std::size_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n =
          pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        throw SystemError(fmt::format("{}: cannot read back the log of cases", path_text(path_)));
      }
      done += static_cast<std::size_t>(n);
    }
    return bytes;
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

std::string json_text(std::string_view text) {
  return nlohmann::json(problem::printable(text, 1000)).dump();
}

std::string_view status_of(const problem::Verdict& verdict) {
  if (verdict.failed()) return "failed";
  return verdict.status == problem::Status::kPass ? "passed" : "gave_up";
}

std::string reason_of(const problem::Verdict& verdict) {
  switch (verdict.status) {
    case problem::Status::kPass:
      return {};
    case problem::Status::kSkipped:
      return "outside the property's preconditions";
    case problem::Status::kInconclusive:
      return "inconclusive";
    default:
      return verdict.failure_class;
  }
}

/// {"kv_len":"page - 1", ...}: a label per dimension, the first where there are several.
std::string features_of(const problem::Case& value) {
  const properties::LabelSet labels = properties::labels_of(value);
  const auto all = properties::all_labels();
  std::string text;
  std::string_view last;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!labels[i] || all[i].dimension == last) continue;
    last = all[i].dimension;
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",", json_text(last), json_text(all[i].name));
  }
  return text;
}

}  // namespace

std::string case_line(std::uint64_t k, const problem::Case& value,
                      const problem::Verdict& verdict) {
  return fmt::format(
      R"({{"type":"test_case","run_start":0,"property":{},"status":"{}","status_reason":{},)"
      R"("representation":{},"arguments":{},"how_generated":{},"features":{{{}}},)"
      R"("coverage":null,"timing":{{}},)"
      R"("metadata":{{"kernel":{},"property":{},"k":{},"verdict":"{}"}}}})",
      json_text(value.kernel + " " + value.property), status_of(verdict),
      json_text(reason_of(verdict)), json_text(size_text(value)), corpus::write_case_line(value),
      json_text(fmt::format("attest fuzz, case {}", k)), features_of(value),
      json_text(value.kernel), json_text(value.property), k, problem::name_of(verdict.status));
}

CaseLog::CaseLog(std::filesystem::path state, int lanes)
    : state_(std::move(state)), lanes_(static_cast<std::size_t>(lanes)) {}

std::filesystem::path CaseLog::path_of(std::size_t lane) const {
  return state_ / fmt::format("lane-{}.cases", lane);
}

void CaseLog::add(int lane, std::size_t pair, std::uint64_t k, std::string_view line) {
  const auto index = static_cast<std::size_t>(lane);
  if (!lanes_[index]) lanes_[index] = std::make_unique<Journal>(path_of(index));
  const Head head{pair, k};
  std::string record(reinterpret_cast<const char*>(&head), sizeof head);
  record.append(line);
  lanes_[index]->append(record);
}

void CaseLog::publish(const std::filesystem::path& folder,
                      const std::function<bool(std::size_t, std::uint64_t)>& keep) const {
  std::vector<Entry> entries;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    Journal::read(path_of(lane), [&](std::string_view record, std::size_t offset) {
      Head head;
      if (record.size() < sizeof head) return;
      std::memcpy(&head, record.data(), sizeof head);
      if (!keep(head.pair, head.k)) return;
      entries.push_back(
          {head.pair, head.k, lane, offset + sizeof head, record.size() - sizeof head});
    });
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.pair, a.k) < std::tie(b.pair, b.k);
  });
  const auto again =
      std::unique(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.pair == b.pair && a.k == b.k; });
  entries.erase(again, entries.end());

  std::vector<std::unique_ptr<Pieces>> files;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    files.push_back(std::make_unique<Pieces>(path_of(lane)));
  }
  const std::filesystem::path path = folder / "cases.jsonl";
  const std::filesystem::path draft = folder / fmt::format(".cases.jsonl.{}", getpid());
  const auto give_up = [&](int why) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    fail(path, why);
  };
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    for (const Entry& entry : entries) {
      file << files[entry.lane]->read(entry.offset, entry.size) << '\n';
    }
    file.flush();
    if (!file) give_up(errno);
  }
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  if (error) give_up(error.value());
}

}  // namespace attest::campaign
