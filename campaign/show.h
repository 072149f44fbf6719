// A case drawn for a person: what is asked, where everything lies, what came back and where it
// first went wrong.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/stored.h"
#include "kernels/session.h"
#include "problem/verdict.h"
#include "properties/harness.h"

namespace attest::campaign {

/// What a kernel made of the case.
struct Shown {
  std::string kernel;
  problem::Verdict verdict;
  properties::Trace trace;
  double lse_unit = 1.0;
  std::optional<double> sharpness = std::nullopt;  ///< campaign/sharpness.h
};

/// The drawing. Without `shown`: only what the file says.
std::string drawing(const StoredCase& stored, const std::optional<Shown>& shown);

/// "row 3 is at position 5; its last visible key 5 is slot 1 of page 7 (block 1), tile 0 of 16
/// keys": where the first bad element looks. Empty when the place is no query row.
std::string bad_row_text(const problem::Case& value, const problem::Where& where);

struct ShowOptions {
  std::filesystem::path path;
  std::vector<std::string> kernels;  ///< as after --kernel; empty: the one the file names
  kernels::SessionOptions session;
};

/// Runs the case on the first kernel that may serve it and draws it.
/// Throws: CorpusError, UsageError, PluginError.
std::string show(const ShowOptions& options);

}  // namespace attest::campaign
