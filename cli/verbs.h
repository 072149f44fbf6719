// The verbs of attest: which arguments each takes, and what it does with them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "kernels/session.h"

namespace attest::cli {

/// Exit codes that verbs do not get from a report (docs/command-line.md has them all).
enum ExitCode { kHolds = 0, kBrokenCase = 3, kNothingToDo = 4, kUsage = 64, kInternal = 70 };

/// An empty value is a variable that was not set (--seed "$SEED"), not a wish for the default.
CLI::Validator not_empty();
/// Throws: UsageError when the path is something else than a folder; it need not exist yet.
std::filesystem::path folder(const std::string& path, const char* option);

/// Arguments that several verbs take.
struct Common {
  std::vector<std::string> kernels;
  std::string timeout = "10s";
  bool in_process = false;

  void add_to(CLI::App* verb);
  void add_session_to(CLI::App* verb);
  kernels::SessionOptions session() const;
};

// Each verb: add_to() declares its arguments, run() checks them, works and returns the exit code.
// `command`: what the person types for attest, for lines to paste. Numbers are texts until run(),
// since CLI11 would read them less strictly.

struct ListVerb {
  std::vector<std::string> property_globs;
  bool properties = false;
  Common common;

  void add_to(CLI::App* verb);
  int run() const;
};

struct FuzzVerb {
  std::string time, cases, seed, jobs, max_shrinks, corpus, out;
  std::vector<std::string> property_globs;
  bool coverage = false, exhaustive = false;
  Common common;

  void add_to(CLI::App* verb);
  int run(const std::string& command) const;
};

struct MutantsVerb {
  std::string time, cases, seed, jobs, output;
  std::vector<std::string> property_globs;
  Common common;

  void add_to(CLI::App* verb);
  int run(const std::string& command) const;
};

struct CompareVerb {
  std::string a, b, time, cases, seed, corpus;
  Common common;

  void add_to(CLI::App* verb);
  int run(const std::string& command) const;
};

struct ReplayVerb {
  std::vector<std::string> paths;
  Common common;

  void add_to(CLI::App* verb);
  int run() const;
};

struct ShowVerb {
  std::string path;
  Common common;

  void add_to(CLI::App* verb);
  int run() const;
};

struct ShrinkVerb {
  std::string path, output, time, evaluations;
  Common common;

  void add_to(CLI::App* verb);
  int run(const std::string& command) const;
};

}  // namespace attest::cli
