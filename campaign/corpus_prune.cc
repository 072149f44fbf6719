// attest corpus merge and prune.
#include <algorithm>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "campaign/corpus_runs.h"
#include "campaign/corpus_tools.h"
#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/signature.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "corpus/file_io.h"
#include "problem/errors.h"
#include "shrinkers/order.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

struct Source {
  fs::path path;
  std::string hash, canonical_name, text;
};

/// What a failing case stands for.
std::set<std::pair<std::string, std::string>> failures_of(const CorpusCase& one) {
  std::set<std::pair<std::string, std::string>> failures;
  for (const CorpusRun& run : one.runs) {
    if (!run.verdict.failed()) continue;
    failures.emplace(run.kernel, signature_of(one.stored.property->id, run.verdict));
  }
  return failures;
}

/// A case that holds somewhere, or says nothing, stands for itself.
bool only_fails(const CorpusCase& one) {
  return !one.runs.empty() &&
         std::all_of(one.runs.begin(), one.runs.end(),
                     [](const CorpusRun& run) { return run.verdict.failed(); });
}

}  // namespace

int merge_corpus(const std::vector<fs::path>& from, const fs::path& into, std::FILE* out) {
  std::error_code error;
  std::set<std::string> known;
  if (fs::exists(into, error)) {
    if (!fs::is_directory(into, error)) {
      throw UsageError(fmt::format("corpus merge: '{}' is not a folder", path_text(into)));
    }
    for (const fs::path& path : corpus::list_cases(into)) {
      known.insert(corpus::content_hash(corpus::read_case(path)));
    }
  }
  std::vector<Source> fresh;
  std::int64_t all = 0;
  for (const fs::path& folder : from) {
    for (const fs::path& path : corpus::list_cases(folder)) {
      Source source{path, {}, {}, corpus::read_regular_file(path, corpus::kMaxCaseBytes)};
      const problem::Case value = corpus::parse_case(source.text, path_text(path));
      source.hash = corpus::content_hash(value);
      source.canonical_name = corpus::case_name(value) + std::string(corpus::kCaseSuffix);
      ++all;
      if (known.insert(source.hash).second) fresh.push_back(std::move(source));
    }
  }
  fs::create_directories(into, error);
  if (error) {
    throw SystemError(fmt::format("cannot make {}: {}", path_text(into), error.message()));
  }
  for (const Source& source : fresh) {
    const std::string own = source.path.filename().string();
    const bool keeps = own.ends_with(corpus::kCaseSuffix) && !fs::exists(into / own, error);
    corpus::write_file_atomically(into / (keeps ? own : source.canonical_name), source.text);
  }
  std::fputs(fmt::format("{} copied to {}, {} there already\n",
                         plural(static_cast<std::int64_t>(fresh.size()), "case"), path_text(into),
                         grouped(all - static_cast<std::int64_t>(fresh.size())))
                 .c_str(),
             out);
  return 0;
}

int prune_corpus(const CorpusOptions& options, bool remove, std::FILE* out) {
  std::vector<CorpusCase> cases = read_corpus(options);
  run_corpus(cases, options);
  std::stable_sort(cases.begin(), cases.end(), [](const CorpusCase& a, const CorpusCase& b) {
    return shrinkers::complexity(a.stored.value) < shrinkers::complexity(b.stored.value);
  });
  std::set<std::string> contents;
  std::set<std::pair<std::string, std::string>> kept;
  std::string text;
  std::vector<fs::path> needless;
  for (const CorpusCase& one : cases) {
    std::string why;
    if (!contents.insert(corpus::content_hash(one.stored.value)).second) {
      why = "another file has the same contents";
    } else {
      const auto failures = failures_of(one);
      const bool known = std::includes(kept.begin(), kept.end(), failures.begin(), failures.end());
      if (only_fails(one) && known) {
        why = "a smaller case fails alike: " + failures.begin()->second;
      }
      kept.insert(failures.begin(), failures.end());
    }
    if (why.empty()) continue;
    needless.push_back(one.stored.path);
    text += fmt::format("{}  {}\n  {}\n", remove ? "removed" : "needless", shown_path(one), why);
  }
  for (const fs::path& path : needless) {
    std::error_code error;
    if (!remove || fs::remove(path, error)) continue;
    throw SystemError(fmt::format("cannot remove {}: {}", path_text(path), error.message()));
  }
  const auto count = static_cast<std::int64_t>(needless.size());
  text += fmt::format("{} of {} {}\n", grouped(count),
                      plural(static_cast<std::int64_t>(cases.size()), "case"),
                      remove       ? "removed"
                      : count == 0 ? "needless"
                                   : "needless; --remove removes them");
  std::fputs(text.c_str(), out);
  return 0;
}

}  // namespace attest::campaign
