#include "campaign/select.h"

#include <algorithm>
#include <fnmatch.h>
#include <string_view>

#include <fmt/format.h>

#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "corpus/case_file.h"
#include "kernels/registry.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

bool is_corpus(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "seeds", error) ||
         fs::is_directory(folder / "regressions", error);
}

}  // namespace

std::vector<kernels::KernelInfo> select_kernels(std::span<const std::string> arguments) {
  try {
    return kernels::find_kernels(arguments);
  } catch (const ContractError& error) {
    throw UsageError(error.what());
  }
}

bool property_matches(const std::string& glob, std::string_view id) {
  const std::string text(id);
  if (fnmatch(glob.c_str(), text.c_str(), 0) == 0) return true;
  return fnmatch(glob.c_str(), text.substr(0, text.find('.')).c_str(), 0) == 0;
}

std::vector<const properties::Property*> select_properties(std::span<const std::string> globs) {
  std::vector<const properties::Property*> selected;
  std::vector<bool> used(globs.size(), false);
  for (const properties::Property& property : properties::all_properties()) {
    bool wanted = globs.empty();
    for (std::size_t i = 0; i < globs.size(); ++i) {
      if (!property_matches(globs[i], property.id)) continue;
      wanted = true;
      used[i] = true;
    }
    if (wanted) selected.push_back(&property);
  }
  for (std::size_t i = 0; i < globs.size(); ++i) {
    if (!used[i]) {
      throw UsageError(
          fmt::format("--property: no property matches '{}'; see attest list --properties",
                      problem::printable(globs[i])));
    }
  }
  return selected;
}

std::optional<fs::path> default_corpus() {
  if (is_corpus("corpus")) return "corpus";
#ifdef ATTEST_CORPUS_DIR
  if (is_corpus(ATTEST_CORPUS_DIR)) return ATTEST_CORPUS_DIR;
#endif
  return std::nullopt;
}

std::vector<fs::path> corpus_files(const fs::path& corpus) {
  std::error_code error;
  if (!fs::exists(corpus, error)) return {};
  if (!fs::is_directory(corpus, error)) {
    throw UsageError(fmt::format("--corpus: '{}' is not a folder", path_text(corpus)));
  }
  return corpus::list_cases(corpus);
}

}  // namespace attest::campaign
