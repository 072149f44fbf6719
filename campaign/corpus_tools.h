// A corpus of case files looked after: attest corpus check, merge and prune.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/session.h"

namespace attest::campaign {

struct CorpusOptions {
  std::filesystem::path folder;
  std::vector<std::string> kernels;  ///< as after --kernel; empty: the one a file names
  kernels::SessionOptions session;
};

/// Replays every case and prints a line for each that does not do what its file records: a failure
/// that passes now, a pass that fails, a failure of another class. A file's record is that of the
/// kernel it names; any other kernel, and every kernel where nothing is recorded, is to pass.
/// Returns 1 when a record is wrong, else 2 when a case could not be judged, or names a kernel that
/// is not here, or none was judged at all, else 0.
/// Throws: CorpusError for a broken case or a folder without cases; UsageError; PluginError.
int check_corpus(const CorpusOptions& options, std::FILE* out);

/// Copies the cases of `from` (folders or files, run folders too) into a folder that is made if
/// need be. A case whose content is there already, whatever its name, is not copied. A file keeps
/// its name, or gets its canonical one where that is taken. All are read before anything is
/// written. Throws: CorpusError for a broken case; SystemError.
int merge_corpus(const std::vector<std::filesystem::path>& from, const std::filesystem::path& into,
                 std::FILE* out);

/// Of failing cases with one signature on one kernel all but the smallest (docs/shrinking.md) are
/// needless, and so are cases with equal contents. Lists them, and with `remove` removes them. A
/// case that passes, cannot be judged, or names a kernel that is not here stays. Returns 0. Throws:
/// as check_corpus; SystemError when a file cannot be removed.
int prune_corpus(const CorpusOptions& options, bool remove, std::FILE* out);

}  // namespace attest::campaign
