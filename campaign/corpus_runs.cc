#include "campaign/corpus_runs.h"

#include <utility>

#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/replay.h"
#include "campaign/select.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/harness.h"

namespace attest::campaign {

std::vector<CorpusCase> read_corpus(const CorpusOptions& options) {
  const auto files = corpus::list_cases(options.folder);
  if (files.empty()) {
    throw CorpusError(path_text(options.folder), "no case file in this folder");
  }
  std::vector<CorpusCase> cases;
  for (StoredCase& stored : read_stored(files)) {
    cases.emplace_back().stored = std::move(stored);
  }
  return cases;
}

void run_corpus(std::vector<CorpusCase>& cases, const CorpusOptions& options) {
  std::vector<kernels::KernelInfo> selected;
  if (!options.kernels.empty()) selected = select_kernels(options.kernels);
  for (CorpusCase& one : cases) {
    std::vector<kernels::KernelInfo> kernels;
    try {
      kernels = kernels_for(one.stored, selected);
    } catch (const UsageError&) {
      one.kernel_missing = true;
      one.why_not = "its kernel '" + problem::printable(one.stored.value.kernel) +
                    "' is not built in; name its library with --kernel";
      continue;
    }
    for (const kernels::KernelInfo& info : kernels) {
      const auto session = kernels::open_session(info, options.session);
      properties::Harness harness(*session);
      problem::Verdict verdict = run_stored(one.stored, harness);
      // Outside the kernel's declaration after all: its supports() knows better than its sets.
      if (verdict.status == problem::Status::kSkipped && kernels.size() > 1) continue;
      one.runs.push_back({info.name, std::move(verdict)});
    }
    if (one.runs.empty()) one.why_not = "no kernel here serves it";
  }
}

std::string shown_path(const CorpusCase& one) { return path_text(one.stored.path); }

}  // namespace attest::campaign
