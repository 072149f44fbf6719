// Arguments that several verbs take. Numbers are texts until a verb runs, since CLI11 would read
// them less strictly.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "campaign/run/record.h"
#include "kernels/session.h"

namespace attest::cli {

/// An empty value is a variable that was not set (--seed "$SEED"), not a wish for the default.
CLI::Validator not_empty();
/// Throws: UsageError when the path is something else than a folder; it need not exist yet.
std::filesystem::path folder(const std::string& path, const char* option);

/// -p, --property.
void add_properties(CLI::App* verb, std::vector<std::string>& globs);

/// Which kernels, and how they are called.
struct Common {
  std::vector<std::string> kernels;
  std::string timeout = "10s";
  bool in_process = false;

  void add_to(CLI::App* verb);
  void add_session_to(CLI::App* verb);
  /// Throws: UsageError.
  kernels::SessionOptions session() const;
};

/// How long, from which seed and on how many lanes.
struct Budget {
  std::string time, cases, seed, jobs;

  /// `for_help`, `cases_help`: what --for and --cases mean to this verb.
  void add_to(CLI::App* verb, const std::string& for_help, const std::string& cases_help);
  void add_jobs_to(CLI::App* verb);

  /// Sets what was given in the options of a campaign or a comparison; the rest stays as it is.
  /// Throws: UsageError.
  template <typename Options>
  void apply_to(Options& options) const {
    if (const auto given = parsed_seed()) options.seed = *given;
    if (const auto given = parsed_cases()) options.cases = *given;
    if (const auto given = parsed_time()) options.time = *given;
    if constexpr (requires { options.jobs; }) {
      if (const auto given = parsed_jobs()) options.jobs = *given;
    }
  }

 private:
  std::optional<std::uint64_t> parsed_seed() const;
  std::optional<std::int64_t> parsed_cases() const;
  std::optional<std::chrono::milliseconds> parsed_time() const;
  std::optional<int> parsed_jobs() const;
};

/// Where the report of a run goes, beside the terminal.
struct Output {
  bool json = false, github = false;

  void add_to(CLI::App* verb);
  /// Prints `text`, or with --json the record. On GitHub (GITHUB_ACTIONS=true, or --github) no line
  /// of the text is a command, and annotations follow; with --json they go to stderr. Appends to
  /// the file that GITHUB_STEP_SUMMARY names. Throws: SystemError when that cannot be written.
  void print(const campaign::RunRecord& record, const std::string& text) const;
};

}  // namespace attest::cli
