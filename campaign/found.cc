#include "campaign/found.h"

#include <algorithm>

#include "campaign/file_failures.h"
#include "campaign/shrink_loop.h"
#include "campaign/signature.h"
#include "corpus/case_file.h"
#include "problem/errors.h"

namespace attest::campaign {

void FoundCases::note(const Found& found, Files files) {
  if (!found.verdict.failed()) {
    const auto known = suspicious_.find(found.pair);
    if (known == suspicious_.end() || found.k < known->second.k) suspicious_[found.pair] = found;
    return;
  }
  Key key{found.pair, ""};
  if (options_.keep_going) {
    key.second = signature_of(pairs_[found.pair].property->id, found.verdict);
  }
  const auto [entry, first] = failing_.try_emplace(key, Entry{found, {}});
  entry->second.cases.insert(found.k);
  if (!first && found.k >= entry->second.first.k) return;
  entry->second.first = found;
  if (files == Files::kAreToBe) save(key, found);
}

void FoundCases::save(const Key& key, const Found& found) {
  const Pair& pair = pairs_[found.pair];
  problem::Case drawn = draw_found(options_, pair, found.k);
  drawn.expected = expectation_of(found.verdict);
  const std::filesystem::path folder = folder_of(options_, pair, found.verdict);
  std::error_code ignored;
  const std::filesystem::path path = failure_path(drawn, folder);
  const bool was_there = std::filesystem::exists(path, ignored);
  try {
    save_failure(drawn, folder);
  } catch (const SystemError&) {
    return;  // phase 3 writes it again, and says why it cannot
  }
  if (const auto old = written_.find(key); old != written_.end()) {
    std::filesystem::remove(old->second, ignored);
    written_.erase(old);
  }
  // A file that an earlier campaign left there is not this one's to delete.
  if (!was_there) written_[key] = path;
}

std::vector<Found> FoundCases::failing() const {
  std::vector<Found> all;
  for (const auto& [key, entry] : failing_) {
    all.push_back(entry.first);
    // Without keep_going how many more ran is chance.
    all.back().seen = options_.keep_going ? static_cast<std::int64_t>(entry.cases.size()) : 1;
  }
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    return std::pair(a.pair, a.k) < std::pair(b.pair, b.k);
  });
  return all;
}

std::optional<std::uint64_t> FoundCases::first_failure(std::size_t pair) const {
  std::optional<std::uint64_t> first;
  for (auto entry = failing_.lower_bound({pair, ""});
       entry != failing_.end() && entry->first.first == pair; ++entry) {
    first = std::min(first.value_or(entry->second.first.k), entry->second.first.k);
  }
  return first;
}

std::map<std::size_t, Found> FoundCases::suspicious() const {
  std::map<std::size_t, Found> alone;
  for (const auto& [pair, found] : suspicious_) {
    if (!first_failure(pair)) alone.emplace(pair, found);
  }
  return alone;
}

void FoundCases::remove_superseded(const std::vector<Failure>& failures) {
  std::set<std::filesystem::path> named;
  for (const Failure& failure : failures) named.insert(failure.path);
  std::error_code ignored;
  for (const auto& [key, path] : written_) {
    if (!named.contains(path)) std::filesystem::remove(path, ignored);
  }
  written_.clear();
}

}  // namespace attest::campaign
