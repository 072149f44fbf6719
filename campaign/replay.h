// Stored cases run again: `attest replay`, and what `show` and `shrink` share with it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/kernel_pool.h"
#include "campaign/shrink_loop.h"
#include "campaign/stored.h"
#include "kernels/kernel_info.h"
#include "kernels/session.h"

namespace attest::campaign {

struct ReplayOptions {
  std::vector<std::filesystem::path> paths;  ///< case files, or folders of them
  std::vector<std::string> kernels;          ///< as after --kernel; empty: the one a file names
  kernels::SessionOptions session;
};

/// The kernels a stored case is run on. With `selected`: those of them that may serve it; of a
/// plug-in that has the kernel the case names, just that one. Without: the built-in kernel the case
/// names, or, when it names none, every correct built-in kernel that may serve it.
/// Throws: UsageError when the case names a kernel that is not known here.
std::vector<kernels::KernelInfo> kernels_for(const StoredCase& stored,
                                             const std::vector<kernels::KernelInfo>& selected);

/// Runs the check once, or, for a case recorded as flaky, until it fails, at most a dozen times.
/// Throws: CorpusError when the case cannot be run at all.
problem::Verdict run_stored(const StoredCase& stored, properties::Harness& harness);

/// Reads every file first, then runs them in order and prints a paragraph for each to `out`.
/// Returns the exit code: 1 if any check fails, else 2 if any could not be decided or there was
/// none at all, else 0. A case that no kernel serves is listed as not run. Throws: CorpusError,
/// UsageError, PluginError.
int replay(const ReplayOptions& options, std::FILE* out);

}  // namespace attest::campaign
