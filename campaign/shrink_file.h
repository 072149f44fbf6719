// `attest shrink CASE`: a failing case file made smaller.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/shrink_loop.h"
#include "kernels/session.h"

namespace attest::campaign {

struct ShrinkFileOptions {
  std::filesystem::path path;
  std::optional<std::filesystem::path> output;  ///< unset: beside `path`, under the case's own name
  std::vector<std::string> kernels;             ///< as after --kernel; the first that fails is used
  ShrinkLimits limits;
  kernels::SessionOptions session;
  std::string command = "attest";
};

/// Shrinks the case, writes the result and says so on `out`. Returns the exit code: 1, since there
/// is a counterexample; 0 when the case holds, 2 when it cannot be judged, and then nothing is
/// written.
/// Throws: CorpusError, UsageError, PluginError, SystemError.
int shrink_file(const ShrinkFileOptions& options, std::FILE* out);

}  // namespace attest::campaign
