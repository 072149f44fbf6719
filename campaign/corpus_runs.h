// Every case of a corpus, run on the kernels it is for.
#pragma once

#include <string>
#include <vector>

#include "campaign/corpus_tools.h"
#include "campaign/stored.h"
#include "problem/verdict.h"

namespace attest::campaign {

struct CorpusRun {
  std::string kernel;
  problem::Verdict verdict;
};

struct CorpusCase {
  StoredCase stored;
  std::vector<CorpusRun> runs;
  std::string why_not;  ///< why there is no run: no kernel serves it, or the named one is not here
  bool kernel_missing = false;
};

/// The cases in the order of their paths, not run yet.
/// Throws: CorpusError for a broken case or a folder without cases.
std::vector<CorpusCase> read_corpus(const CorpusOptions& options);

/// Runs them, each kernel in a fresh process.
void run_corpus(std::vector<CorpusCase>& cases, const CorpusOptions& options);

/// "failures/x.case.json", safe to print.
std::string shown_path(const CorpusCase& one);

}  // namespace attest::campaign
