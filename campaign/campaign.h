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
#include "campaign/shrink_loop.h"
#include "kernels/kernel_info.h"
#include "kernels/session.h"
#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/property.h"

namespace attest::campaign {

inline constexpr std::uint64_t kDefaultSeed = 1;
inline constexpr std::chrono::milliseconds kDefaultTime = std::chrono::seconds(60);

struct Options {
  std::vector<kernels::KernelInfo> kernels;
  std::vector<const properties::Property*> properties;
  std::uint64_t seed = kDefaultSeed;

  std::optional<std::int64_t> cases;  ///< per (kernel, property) pair, exactly
  std::optional<std::chrono::milliseconds>
      time;      ///< of phases 1 and 2 together; neither: kDefaultTime
  int jobs = 0;  ///< lanes; 0: one per core

  /// Case files to replay first, and where failures go.
  std::vector<std::filesystem::path> stored;
  std::filesystem::path failures = "attest-failures";
  /// Run folder to write cases.jsonl into.
  std::optional<std::filesystem::path> out;

  int max_shrinks = 3;  ///< failures shrunk per kernel; the others are saved as drawn
  ShrinkLimits shrink;
  bool exhaustive = false;  ///< every case of properties with a scope, instead of drawn ones
  bool coverage = false;    ///< the report has a table of coverage too
  kernels::SessionOptions session;
  OpenSession open;  ///< for tests
};

/// One property on one kernel: the unit of work.
struct Pair {
  std::size_t kernel = 0;  ///< index into Options::kernels
  const properties::Property* property = nullptr;
};

/// Every pair that applies, kernel by kernel, properties in the order of `options`.
std::vector<Pair> make_pairs(const Options& options);

/// Case k of a pair, drawn or told off.
problem::Case case_of(const Options& options, const Pair& pair, std::uint64_t k);
/// How many cases a pair gets at most; nothing: as many as there is time for.
std::optional<std::uint64_t> cases_of(const Options& options, const Pair& pair);

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

struct Report {
  std::vector<PairResult> pairs;
  std::vector<Failure> failures;
  std::vector<SuspiciousCase> suspicious;  ///< of pairs without a failure
  std::vector<StoredResult> stored;
  std::chrono::milliseconds elapsed{0};
  std::int64_t generate_ns = 0, oracle_ns = 0, kernel_ns = 0, total_ns = 0;  ///< over all lanes
  std::chrono::milliseconds search{0};  ///< wall time of phases 1 and 2
  std::int64_t escalations = 0, vacuous = 0, second_looks = 0;
  CampaignCoverage coverage;  ///< of the search
  int jobs = 1;
  bool interrupted = false;
  std::string broken;       ///< why the campaign ended before its time, other than by an interrupt
  std::string not_written;  ///< the first thing that could not be written, and why

  /// 0 holds, 1 a counterexample, 2 interrupted or a kernel without a single judged check.
  /// Suspicions do not count.
  int exit_code() const;
};

/// Runs the campaign. Progress goes to stderr when that is a terminal.
/// What cannot be written at the end (a full disk) is noted in the report, which is not lost to it.
/// Throws: NothingToDo without pairs; CorpusError for a broken stored case; PluginError for a
///         kernel of another device; ContractError when a lane dies; SystemError when the run
///         folder cannot be made.
Report run(const Options& options);

}  // namespace attest::campaign
