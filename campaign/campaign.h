// A fuzz campaign: which kernels and properties, how long, on how many lanes, and what came of it.
//
// Phases: (1) stored cases are replayed, (2) random cases are drawn and judged until the budget is
// spent, (3) what failed is confirmed, shrunk and saved. One supervisor, `jobs` lanes (crew.h);
// kernels run in processes of the lanes. docs/campaign.md says what is repeatable.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "campaign/coverage.h"
#include "campaign/kernel_pool.h"
#include "campaign/run/record.h"
#include "campaign/run/waivers.h"
#include "campaign/shrink_loop.h"
#include "kernels/kernel_info.h"
#include "kernels/session.h"
#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/property.h"

namespace attest::campaign {

inline constexpr std::uint64_t kDefaultSeed = 1;
inline constexpr std::chrono::milliseconds kDefaultTime = std::chrono::seconds(60);
inline constexpr std::int64_t kDefaultRecorded = 100;

/// For run.json only.
struct RunNotes {
  std::string version;                 ///< of attest
  std::string tier;                    ///< --tier, or empty
  std::vector<std::string> arguments;  ///< as typed, without the program
};

struct Options {
  std::vector<kernels::KernelInfo> kernels;
  std::vector<const properties::Property*> properties;
  std::uint64_t seed = kDefaultSeed;

  std::optional<std::int64_t> cases;        ///< per (kernel, property) pair, exactly
  std::optional<std::int64_t> total_cases;  ///< of all pairs together, in equal parts
  std::optional<std::chrono::milliseconds>
      time;      ///< of phases 1 and 2 together; no budget at all: kDefaultTime
  int jobs = 0;  ///< lanes; 0: as lanes_of() has it
  Shard shard;   ///< which cases of each pair are this run's
  /// Pairs go on after a failure, for failures with other signatures.
  bool keep_going = false;

  /// Case files to replay first, and where failures go.
  std::vector<std::filesystem::path> stored;
  std::filesystem::path failures = "attest-failures";
  /// The run folder (docs/run-folder.md); failures go there, too.
  std::optional<std::filesystem::path> out;
  bool resume = false;  ///< `out` holds a run of the same options that was cut short
  /// Cases of each pair that get a line in cases.jsonl, besides those that did not pass; unset:
  /// all.
  std::optional<std::int64_t> record = kDefaultRecorded;
  RunNotes notes;
  std::vector<Waiver> waivers;  ///< for failures that are known

  int max_shrinks = 3;  ///< failures shrunk per kernel; the others are saved as drawn
  ShrinkLimits shrink;
  bool exhaustive = false;  ///< every case of properties with a scope, instead of drawn ones
  bool coverage = false;    ///< the report has a table of coverage too
  kernels::SessionOptions session;  ///< without a service run() adds one
  OpenSession open;                 ///< for tests
};

/// One property on one kernel: the unit of work.
struct Pair {
  std::size_t kernel = 0;  ///< index into Options::kernels
  const properties::Property* property = nullptr;
};

/// Every pair that applies, kernel by kernel, properties in the order of `options`.
std::vector<Pair> make_pairs(const Options& options);

/// Failing cases of one signature that are counted.
inline constexpr std::int64_t kMaxSeen = 1000;

/// Case k of a pair, drawn or told off.
problem::Case case_of(const Options& options, const Pair& pair, std::uint64_t k);
/// What a kernel object had seen, drawn again.
std::vector<problem::Case> draw_history(const Options& options, const std::vector<Pair>& pairs,
                                        const std::vector<Past>& history);
/// How many cases pair number `index` of `pairs` gets at most, all shards together; nothing: as
/// many as there is time for.
std::optional<std::uint64_t> cases_of(const Options& options, const std::vector<Pair>& pairs,
                                      std::size_t index);
/// Lanes of a run: as many as were asked for, or one per core. At most kDeviceLanes where a kernel
/// runs on a GPU, and one where kernels run in this process.
int lanes_of(const Options& options);
/// Whether a kernel runs on a GPU.
bool runs_on_device(const Options& options);
/// Whether a lane should stay with a kernel: to open one on a GPU takes as long as a hundred cases,
/// and there are more than a lane keeps open.
bool opens_slowly(const Options& options);
/// More get no more done on a GPU, and less where processes take turns on it (docs/gpu/README.md).
inline constexpr int kDeviceLanes = 4;

/// How the kernels of so many lanes run: where a lane and its kernel have a core each, they look
/// for each other's word instead of sleeping.
kernels::SessionOptions session_of(const Options& options, int jobs);

/// The i-th case of a lane of this run.
std::uint64_t case_number(const Options& options, int jobs, int lane, std::uint64_t i);

enum class Stop : std::uint8_t { kCases, kTime, kFailure, kInterrupted };

struct PairResult {
  Pair pair;
  std::int64_t cases = 0;
  std::int64_t sequences = 0;  ///< of all cases
  std::int64_t judged = 0;
  std::int64_t skipped = 0;
  std::int64_t inconclusive = 0;
  double worst = 0;  ///< largest finite error / bound
  std::optional<std::uint64_t> first_failure;
  Stop stop = Stop::kCases;
};

struct Failure {
  Pair pair;
  std::uint64_t k = 0;       ///< which drawn case
  std::string signature;     ///< property, class and blame (signature.h)
  std::int64_t seen = 1;     ///< failing cases with this signature; counted up to kMaxSeen
  problem::Case original;    ///< as drawn
  problem::Case minimal;     ///< as saved
  problem::Verdict verdict;  ///< of `minimal`, or of the search when it never failed again
  bool shrunk = false;
  std::string why_not_shrunk;  ///< empty when shrunk
  std::filesystem::path path;
  std::string why_not_saved;  ///< empty when saved
};

/// A case that passed with a suspicion: the first of its pair.
struct SuspiciousCase {
  Pair pair;
  std::uint64_t k = 0;
  problem::Case value;  ///< as drawn and saved
  problem::Suspicion suspicion;
  std::filesystem::path path;
  std::string why_not_saved;  ///< empty when saved
};

/// A stored case on one kernel.
struct StoredResult {
  std::filesystem::path path;
  const properties::Property* property = nullptr;
  std::string kernel;                       ///< empty: no selected kernel serves it
  std::optional<problem::Verdict> verdict;  ///< unset: not run, for lack of time or of a kernel
};

/// How the processes of a campaign used a GPU (kernels/gpu/service.h).
enum class DeviceUse : std::uint8_t {
  kNone,
  kInTurns,
  kSideBySide,  ///< under a service
  kOwnService,  ///< under one that ran before
  kLeft,        ///< in turns since a process died under the service
};

struct Report {
  RunIdentity identity;
  std::string started;  ///< UTC, "2026-11-26T15:04:05Z"
  std::vector<PairResult> pairs;
  std::vector<Failure> failures;
  std::vector<SuspiciousCase> suspicious;  ///< of pairs without a failure
  std::vector<StoredResult> stored;
  std::chrono::milliseconds elapsed{0};
  std::int64_t generate_ns = 0, oracle_ns = 0, kernel_ns = 0, total_ns = 0;  ///< over all lanes
  std::chrono::milliseconds search{0};  ///< wall time of phases 1 and 2
  std::int64_t escalations = 0, vacuous = 0, second_looks = 0;
  std::int64_t needy_pairs =
      0;                      ///< pairs that got full slices to the end: they still met new labels
  CampaignCoverage coverage;  ///< of the search
  int jobs = 1;
  DeviceUse device = DeviceUse::kNone;
  bool interrupted = false;
  std::string broken;       ///< why the campaign ended before its time, other than by an interrupt
  std::string not_written;  ///< the first thing that could not be written, and why
};

/// Runs the campaign. Progress goes to stderr when that is a terminal.
/// What cannot be written at the end (a full disk) is noted in the report, which is not lost to it.
/// Throws: NothingToDo without pairs; CorpusError for a broken stored case; PluginError for a
///         kernel of another device; UsageError for a run folder that is in use, or that is not of
///         these options when it is to be resumed; SystemError when it cannot be made.
Report run(const Options& options);

}  // namespace attest::campaign
