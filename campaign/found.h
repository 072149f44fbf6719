// What the search has found so far, as lanes report it: the first failure of every pair, or with
// keep_going of every signature, and the first suspicion. Each failure has its case file at once,
// as it was drawn, so that a campaign that is killed has not found it for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/search.h"

namespace attest::campaign {

class FoundCases {
 public:
  FoundCases(const Options& options, const std::vector<Pair>& pairs)
      : options_(options), pairs_(pairs) {}

  /// Whether files of failures are to be written, or were before the run was resumed.
  enum class Files : std::uint8_t { kAreToBe, kAreThere };
  /// A failure or a suspicion; reports of one case count once.
  void note(const Found& found, Files files);

  /// By pair, then k.
  std::vector<Found> failing() const;
  std::optional<std::uint64_t> first_failure(std::size_t pair) const;
  /// By pair; not of pairs that fail, which have more to say.
  std::map<std::size_t, Found> suspicious() const;

  /// Deletes the files that note() wrote and `failures` does not name.
  void remove_superseded(const std::vector<Failure>& failures);

 private:
  struct Entry {
    Found first;
    std::set<std::uint64_t> cases;  ///< every k that failed so
  };
  using Key = std::pair<std::size_t, std::string>;  ///< pair and signature, or ""

  void save(const Key& key, const Found& found);

  const Options& options_;
  const std::vector<Pair>& pairs_;
  std::map<Key, Entry> failing_;
  std::map<std::size_t, Found> suspicious_;
  std::map<Key, std::filesystem::path> written_;
};

}  // namespace attest::campaign
