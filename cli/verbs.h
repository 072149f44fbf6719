// The verbs of attest, each in a file of its own: which arguments it takes, and what it does with
// them. main.cc knows them from all_verbs() alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace attest::cli {

/// Exit codes that verbs do not get from a report (docs/command-line.md has them all).
enum ExitCode { kHolds = 0, kBrokenCase = 3, kNothingToDo = 4, kUsage = 64, kInternal = 70 };

/// Versions of the program and of everything that defines stored results.
std::string version_text();

/// How attest was called.
struct Invocation {
  std::string command;                 ///< what the person types for attest, for lines to paste
  std::vector<std::string> arguments;  ///< as typed, the verb first
};

class Verb {
 public:
  Verb() = default;
  virtual ~Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  /// Declares the arguments.
  virtual void add_to(CLI::App* app) = 0;
  /// Checks the arguments, works and returns the exit code.
  virtual int run(const Invocation& invocation) const = 0;
};

struct NamedVerb {
  std::string name;
  std::string help;  ///< one line
  std::unique_ptr<Verb> verb;
};

/// All of them, in the order of `attest --help`.
std::vector<NamedVerb> all_verbs();

std::unique_ptr<Verb> compare_verb();
std::unique_ptr<Verb> corpus_verb();
std::unique_ptr<Verb> fuzz_verb();
std::unique_ptr<Verb> list_verb();
std::unique_ptr<Verb> merge_verb();
std::unique_ptr<Verb> mutants_verb();
std::unique_ptr<Verb> replay_verb();
std::unique_ptr<Verb> show_verb();
std::unique_ptr<Verb> shrink_verb();

}  // namespace attest::cli
