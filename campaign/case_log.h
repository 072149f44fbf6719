// cases.jsonl of a run folder: one line per recorded case, in the order of pairs and then of k, so
// that the same seed gives the same bytes however many lanes wrote it, in whatever order, and
// however often the run was killed and resumed in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/run/journal.h"
#include "problem/case.h"
#include "problem/verdict.h"

namespace attest::campaign {

/// A test case in the observation schema of Hypothesis, on one line without a line break; the case
/// as `attest replay` reads it is in "arguments". No times, severities or messages: nothing that a
/// rerun could give otherwise.
/// Source: https://hypothesis.readthedocs.io, schema_observations.json.
std::string case_line(std::uint64_t k, const problem::Case& value, const problem::Verdict& verdict);

/// Lanes collect lines in a file each; publish() sorts them into place.
class CaseLog {
 public:
  /// `state`: the folder for the lanes' files, which is there. Lines that an earlier CaseLog left
  /// in it count too.
  CaseLog(std::filesystem::path state, int lanes);
  CaseLog(const CaseLog&) = delete;
  CaseLog& operator=(const CaseLog&) = delete;

  /// Called in lane `lane` only. Throws: SystemError.
  void add(int lane, std::size_t pair, std::uint64_t k, std::string_view line);

  /// Writes <folder>/cases.jsonl: all of it or nothing. `keep` leaves lines out; of lines for one
  /// case (the lane was killed before it counted the first) one is kept.
  /// Throws: SystemError.
  void publish(const std::filesystem::path& folder,
               const std::function<bool(std::size_t pair, std::uint64_t k)>& keep) const;

 private:
  std::filesystem::path path_of(std::size_t lane) const;

  std::filesystem::path state_;
  std::vector<std::unique_ptr<Journal>> lanes_;  ///< opened by the first add(), in its lane
};

}  // namespace attest::campaign
