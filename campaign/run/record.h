// What a run folder says about its run: run.json, as a value. Written by the campaign while it goes
// and at its end; read by `attest merge`, by --resume and by every report for machines.
// docs/run-folder.md describes the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/verdict.h"

namespace attest::campaign {

/// Changes whenever an older attest would misread the file.
inline constexpr int kRunFormat = 1;

/// Which part of the cases a run does: those k with k % count == index.
struct Shard {
  std::int64_t index = 0;
  std::int64_t count = 1;
  friend bool operator==(const Shard&, const Shard&) = default;
};

enum class RunState : std::uint8_t { kRunning, kDone, kInterrupted, kBroken };

/// Everything that decides which cases a run draws and how they are judged. Two runs may be merged
/// when all of this is the same and only the shards differ.
struct RunIdentity {
  std::string version;  ///< of attest, with the commit
  std::string binary;   ///< hash of the program file
  int generator = 0;
  int values = 0;
  std::uint64_t seed = 0;
  bool exhaustive = false;
  bool keep_going = false;                  ///< pairs go on after their first failure
  std::optional<std::int64_t> cases;        ///< per pair
  std::optional<std::int64_t> total_cases;  ///< of all pairs together
  std::optional<std::int64_t> time_ms;      ///< of each shard
  std::string tier;                         ///< empty: none
  struct Kernel {
    std::string name;
    std::string library;  ///< empty: built in
    std::string hash;     ///< of the library's file
    std::string device;   ///< "cpu" or "cuda"
    friend bool operator==(const Kernel&, const Kernel&) = default;
  };
  std::vector<Kernel> kernels;
  std::vector<std::string> properties;
  std::string corpus;  ///< hash of the stored cases that are replayed, in their order
  friend bool operator==(const RunIdentity&, const RunIdentity&) = default;
};

struct PairRecord {
  std::string kernel, property;
  /// Cases drawn and what became of them. With `first_failure` those up to it, and the other counts
  /// are absent (zero): how many more ran is chance.
  std::int64_t cases = 0, judged = 0, skipped = 0, inconclusive = 0, sequences = 0;
  double worst = 0;  ///< largest finite error / bound
  std::optional<std::uint64_t> first_failure;
  std::string stop;  ///< "cases done", "time", "failure", "interrupted"
};

struct StoredRecord {
  std::string path, property;
  std::string kernel;                     ///< empty: no selected kernel serves it
  std::optional<problem::Status> status;  ///< unset: not run, for lack of time or of a kernel
  std::string failure_class, message;
  std::string waiver{};  ///< reason of the waiver that covers its failure; empty: none
};

struct FailureRecord {
  std::string kernel, property;
  std::uint64_t k = 0;    ///< which drawn case
  std::string signature;  ///< failures with one signature are one failure
  problem::Status status = problem::Status::kFail;
  std::string failure_class, message;
  double severity = 0;  ///< error / bound; infinite for classes that are no number
  std::string file;     ///< of the case, relative to the run folder; empty: not saved
  bool shrunk = false;
  std::string why_not_shrunk;
  std::int64_t seen = 1;  ///< failing cases with this signature
  std::string waiver;     ///< reason of the waiver that covers it; empty: none
};

struct SuspicionRecord {
  std::string kernel, property;
  std::uint64_t k = 0;
  std::string message;
  std::string file;
};

/// One (kernel, property) line of a waiver file that did not do what it is for.
struct WaiverNote {
  std::string kernel, property, owner;
  std::string what;  ///< "expired on 2026-01-31", "passes", "matches nothing"
};

struct RunTotals {
  std::int64_t elapsed_ms = 0, search_ms = 0;  ///< wall time; of merged shards the largest
  std::int64_t generate_ns = 0, oracle_ns = 0, kernel_ns = 0, total_ns = 0;  ///< over all lanes
  std::int64_t escalations = 0, vacuous = 0, second_looks = 0;
};

struct RunRecord {
  RunIdentity identity;
  Shard shard;
  std::vector<Shard> merged;           ///< of a merged run: the shards in it
  std::vector<std::string> arguments;  ///< as they were typed, without the program
  std::string directory;               ///< where
  std::string started;                 ///< UTC, "2026-11-26T15:04:05Z"
  std::string host;                    ///< what kind of processor, for readers of rates
  int jobs = 1;
  RunState state = RunState::kRunning;
  std::optional<int> exit_code;  ///< once it ended
  std::string broken;            ///< why it ended before its time
  RunTotals totals;
  std::vector<PairRecord> pairs;
  std::vector<StoredRecord> stored;
  std::vector<FailureRecord> failures;
  std::vector<SuspicionRecord> suspicious;
  std::vector<WaiverNote> waivers;
  std::int64_t labels = 0, labels_seen = 0, label_pairs = 0, label_pairs_seen = 0;  ///< coverage
};

std::string_view name_of(RunState state);

/// run.json as text. Names and messages are escaped as JSON wants it; readers of the record print
/// them with problem::printable.
std::string write_record(const RunRecord& record);
/// Throws: CorpusError with one line for anything that write_record would not have written.
RunRecord parse_record(std::string_view text, const std::string& path);

/// The record in <folder>/run.json. Throws: CorpusError.
RunRecord read_record(const std::filesystem::path& folder);
/// Writes <folder>/run.json: all of it or nothing. Throws: SystemError.
void save_record(const RunRecord& record, const std::filesystem::path& folder);

}  // namespace attest::campaign
