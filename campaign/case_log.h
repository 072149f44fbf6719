// cases.jsonl of a run folder: one line per drawn case, in the order of pairs and then of k, so
// that the same seed gives the same bytes however many lanes wrote it and in whatever order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/case.h"
#include "problem/verdict.h"

namespace attest::campaign {

/// {"property": ..., "kernel": ..., "k": ..., "status": ..., "class": ..., "case": {...}} without a
/// line break. No times and no severities: nothing that a rerun could give otherwise.
std::string case_line(std::uint64_t k, const problem::Case& value, const problem::Verdict& verdict);

/// Lanes collect lines in files without names, one each; publish() sorts them into place.
class CaseLog {
 public:
  /// Makes `folder` if need be. Throws: SystemError when nothing can be written there.
  CaseLog(std::filesystem::path folder, int lanes);
  ~CaseLog();
  CaseLog(const CaseLog&) = delete;
  CaseLog& operator=(const CaseLog&) = delete;

  /// Called in lane `lane`. Throws: SystemError.
  void add(int lane, std::size_t pair, std::uint64_t k, std::string_view line);

  /// Writes <folder>/cases.jsonl: all of it or nothing. `keep` leaves lines out.
  /// Throws: SystemError.
  void publish(const std::function<bool(std::size_t pair, std::uint64_t k)>& keep);

 private:
  std::filesystem::path folder_;
  std::vector<int> fds_;
};

}  // namespace attest::campaign
