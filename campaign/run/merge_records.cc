#include "campaign/run/merge_records.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "campaign/errors.h"
#include "campaign/run/exit_code.h"
#include "campaign/run/identity.h"
#include "campaign/run/shard.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

/// A merged record stands for all its shards.
std::vector<Shard> shards_of(const RunRecord& record) {
  return record.merged.empty() ? std::vector{record.shard} : record.merged;
}

using PairName = std::pair<std::string, std::string>;
template <typename T>
PairName pair_of(const T& value) {
  return {value.kernel, value.property};
}

/// What ended the merged pair: whatever kept it from its end, if anything.
const std::string& graver(const std::string& a, const std::string& b) {
  constexpr std::string_view kOrder[] = {"cases done", "time", "interrupted", "failure"};
  const auto rank = [&](const std::string& stop) {
    return std::find(std::begin(kOrder), std::end(kOrder), stop) - std::begin(kOrder);
  };
  return rank(a) < rank(b) ? b : a;
}

class Merger {
 public:
  explicit Merger(const std::vector<NamedRecord>& runs) : runs_(runs) {}

  MergedRecords merge() {
    check_parts();
    RunRecord& record = merged_.record;
    record.identity = runs_.front().record.identity;
    std::set<std::string> hosts;
    record.started = runs_.front().record.started;
    record.jobs = 0;
    for (const NamedRecord& run : runs_) {
      record.started = std::min(record.started, run.record.started);
      record.jobs += run.record.jobs;
      hosts.insert(run.record.host);
      add_totals(run.record.totals);
    }
    record.host = hosts.size() == 1 ? *hosts.begin() : fmt::format("{} kinds", hosts.size());
    merge_pairs();
    merge_stored();
    merge_failures();
    merge_suspicions();
    merge_waivers();
    merge_state();
    record.exit_code = exit_code_of(record);
    return std::move(merged_);
  }

 private:
  void check_parts() const {
    const NamedRecord& first = runs_.front();
    std::map<std::int64_t, std::string> seen;  // shard -> name
    for (const NamedRecord& run : runs_) {
      const std::string difference = first_difference(first.record.identity, run.record.identity);
      if (!difference.empty()) {
        throw UsageError(fmt::format("{} and {} are not parts of one run: they differ in {}",
                                     first.name, run.name, difference));
      }
      for (const Shard& shard : shards_of(run.record)) {
        const std::int64_t count = shards_of(first.record).front().count;
        if (shard.count != count) {
          throw UsageError(fmt::format("{} is part {}, and {} one of {}: not parts of one run",
                                       run.name, shard_text(shard), first.name, count));
        }
        const auto [twice, is_new] = seen.emplace(shard.index, run.name);
        if (!is_new) {
          throw UsageError(fmt::format("part {} comes twice, in {} and {}", shard_text(shard),
                                       twice->second, run.name));
        }
      }
    }
  }

  void add_totals(const RunTotals& more) {
    RunTotals& sum = merged_.record.totals;
    sum.elapsed_ms = std::max(sum.elapsed_ms, more.elapsed_ms);
    sum.search_ms = std::max(sum.search_ms, more.search_ms);
    sum.generate_ns += more.generate_ns;
    sum.oracle_ns += more.oracle_ns;
    sum.kernel_ns += more.kernel_ns;
    sum.total_ns += more.total_ns;
    sum.escalations += more.escalations;
    sum.vacuous += more.vacuous;
    sum.second_looks += more.second_looks;
  }

  template <typename T>
  void in_order_of_pairs(std::vector<T>& values) const {
    std::stable_sort(values.begin(), values.end(),
                     [&](const T& a, const T& b) { return position(a) < position(b); });
  }
  template <typename T>
  std::size_t position(const T& value) const {
    return position_of(merged_.record.identity, value.kernel, value.property);
  }

  void merge_pairs() {
    for (const NamedRecord& run : runs_) {
      for (const PairRecord& pair : run.record.pairs) {
        if (!pair.first_failure) continue;
        const auto [first, is_new] = first_failures_.emplace(pair_of(pair), *pair.first_failure);
        if (!is_new) first->second = std::min(first->second, *pair.first_failure);
      }
    }
    std::map<PairName, PairRecord> merged;
    for (const NamedRecord& run : runs_) {
      for (const PairRecord& pair : run.record.pairs) {
        PairRecord& sum = merged[pair_of(pair)];
        if (sum.kernel.empty()) {
          sum.kernel = pair.kernel;
          sum.property = pair.property;
          sum.stop = pair.stop;
        }
        sum.stop = graver(sum.stop, pair.stop);
        const auto failure = first_failures_.find(pair_of(pair));
        if (failure != first_failures_.end()) sum.first_failure = failure->second;
        if (sum.first_failure && !merged_.record.identity.keep_going) {
          std::int64_t up_to = 0;
          for (const Shard& shard : shards_of(run.record)) {
            up_to += cases_in(shard, failure->second + 1);
          }
          sum.cases += std::min(pair.cases, up_to);
          continue;
        }
        sum.cases += pair.cases;
        sum.judged += pair.judged;
        sum.skipped += pair.skipped;
        sum.inconclusive += pair.inconclusive;
        sum.sequences += pair.sequences;
        sum.worst = std::max(sum.worst, pair.worst);
      }
    }
    for (auto& [name, pair] : merged) merged_.record.pairs.push_back(std::move(pair));
    in_order_of_pairs(merged_.record.pairs);
  }

  /// A case that was run counts before one that was left out, and a failure before a pass.
  void merge_stored() {
    std::map<std::tuple<std::filesystem::path, std::size_t, std::string>, StoredRecord> merged;
    const auto rank = [](const StoredRecord& stored) {
      return !stored.status ? 0 : problem::is_failure(*stored.status) ? 2 : 1;
    };
    for (const NamedRecord& run : runs_) {
      for (const StoredRecord& stored : run.record.stored) {
        const auto [known, is_new] =
            merged.try_emplace({stored.path, position(stored), stored.kernel}, stored);
        if (!is_new && rank(stored) > rank(known->second)) known->second = stored;
      }
    }
    for (auto& [key, stored] : merged) merged_.record.stored.push_back(std::move(stored));
  }

  void merge_failures() {
    std::map<std::tuple<std::size_t, std::string, std::string>,
             std::pair<FailureRecord, std::size_t>>
        merged;
    for (std::size_t from = 0; from < runs_.size(); ++from) {
      for (const FailureRecord& failure : runs_[from].record.failures) {
        const auto [known, is_new] = merged.try_emplace(
            {position(failure), failure.kernel, failure.signature}, failure, from);
        if (is_new) continue;
        auto& [kept, kept_from] = known->second;
        const std::int64_t seen = kept.seen + failure.seen;
        if (failure.k < kept.k) {
          kept = failure;
          kept_from = from;
        }
        kept.seen = seen;
      }
    }
    for (auto& [key, failure] : merged) {
      merged_.record.failures.push_back(std::move(failure.first));
      merged_.failure_from.push_back(failure.second);
    }
  }

  /// The first of each pair, of pairs that hold.
  void merge_suspicions() {
    std::map<std::tuple<std::size_t, std::string>, std::pair<SuspicionRecord, std::size_t>> merged;
    for (std::size_t from = 0; from < runs_.size(); ++from) {
      for (const SuspicionRecord& suspicion : runs_[from].record.suspicious) {
        if (first_failures_.contains(pair_of(suspicion))) continue;
        const auto [known, is_new] =
            merged.try_emplace({position(suspicion), suspicion.kernel}, suspicion, from);
        if (!is_new && suspicion.k < known->second.first.k) known->second = {suspicion, from};
      }
    }
    for (auto& [key, suspicion] : merged) {
      merged_.record.suspicious.push_back(std::move(suspicion.first));
      merged_.suspicion_from.push_back(suspicion.second);
    }
  }

  /// "passes" and "matches nothing" hold of the whole when they hold of every part.
  void merge_waivers() {
    const auto same = [](const WaiverNote& a, const WaiverNote& b) {
      return std::tie(a.kernel, a.property, a.owner, a.what) ==
             std::tie(b.kernel, b.property, b.owner, b.what);
    };
    std::vector<WaiverNote>& notes = merged_.record.waivers;
    for (const NamedRecord& run : runs_) {
      for (const WaiverNote& note : run.record.waivers) {
        const auto in = [&](const std::vector<WaiverNote>& list) {
          return std::any_of(list.begin(), list.end(),
                             [&](const WaiverNote& other) { return same(note, other); });
        };
        if (in(notes)) continue;
        const bool everywhere =
            note.what.starts_with("expired") ||
            std::all_of(runs_.begin(), runs_.end(),
                        [&](const NamedRecord& other) { return in(other.record.waivers); });
        if (everywhere) notes.push_back(note);
      }
    }
  }

  void merge_state() {
    RunRecord& record = merged_.record;
    record.state = RunState::kDone;
    for (const NamedRecord& run : runs_) {
      for (const Shard& shard : shards_of(run.record)) record.merged.push_back(shard);
      if (run.record.state == RunState::kDone) continue;
      merged_.notes.push_back(fmt::format("{} (part {}) is not finished: {}", run.name,
                                          shard_text(run.record.shard), name_of(run.record.state)));
      if (run.record.state == RunState::kBroken) {
        if (record.broken.empty()) {
          record.broken =
              fmt::format("part {}: {}", shard_text(run.record.shard), run.record.broken);
        }
        record.state = RunState::kBroken;
      } else if (record.state == RunState::kDone) {
        record.state = RunState::kInterrupted;
      }
    }
    std::sort(record.merged.begin(), record.merged.end(),
              [](const Shard& a, const Shard& b) { return a.index < b.index; });
    std::vector<std::string> missing;
    const std::int64_t count = record.merged.front().count;
    std::size_t next = 0;
    for (std::int64_t index = 0; index < count; ++index) {
      if (next < record.merged.size() && record.merged[next].index == index) {
        ++next;
      } else {
        missing.push_back(shard_text({index, count}));
      }
    }
    if (missing.empty()) return;
    constexpr std::size_t kShown = 10;
    std::string shown = fmt::format(
        "{}",
        fmt::join(missing.begin(),
                  missing.begin() + static_cast<std::ptrdiff_t>(std::min(missing.size(), kShown)),
                  ", "));
    if (missing.size() > kShown) shown += fmt::format(" and {} more", missing.size() - kShown);
    merged_.notes.push_back("missing: part " + shown);
    if (record.state == RunState::kDone) record.state = RunState::kInterrupted;
  }

  const std::vector<NamedRecord>& runs_;
  MergedRecords merged_;
  std::map<PairName, std::uint64_t> first_failures_;
};

}  // namespace

MergedRecords merge_records(const std::vector<NamedRecord>& runs) {
  if (runs.empty()) throw UsageError("merge: no run folder is named");
  return Merger(runs).merge();
}

}  // namespace attest::campaign
