// attest: arguments in, exit code out. Everything else is campaign/; here errors become exit codes
// and one line each.
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <new>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "campaign/errors.h"
#include "campaign/table.h"
#include "cli/verbs.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/property.h"

namespace {

using namespace attest;
using namespace attest::cli;
namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
Kernels are named by globs over `attest list` (cpu/*, planted/*) or by the path of a plug-in (./libmine.so),
which is native code and runs with your rights. Without --kernel: every correct built-in kernel.

Examples:
  attest fuzz                                  all built-in kernels for a minute
  attest fuzz --for 10s --kernel 'planted/*'   watch it find bugs that were planted
  attest fuzz --cases 500 --kernel ./libmine.so --property 'causality.*'
  attest compare cpu/split_kv_f32 ./libmine.so:decode
  attest replay attest-failures/oracle-output-0123456789abcdef.case.json
  attest show CASE                             block table, mask, poison, expected and got
  attest mutants                               which property finds which planted bug

Exit codes:
  0 all asked for was run and holds     3 broken case or corpus             64 usage, argument, plug-in
  1 counterexample                      4 nothing to do                     70 internal
  2 inconclusive
)";

/// What the person types for this program, for lines to paste: the script of the checkout if it is
/// here, else the way this process was started.
std::string command_name(const char* argv0) {
  std::error_code error;
  if (fs::is_regular_file("attest", error) && access("attest", X_OK) == 0) return "./attest";
  return campaign::shell_word(argv0);
}

int fail(int code, const std::string& what) {
  // Paths and names inside were made printable where they came in; this keeps it to one line.
  // Not fmt::print, which throws when stderr is closed.
  std::fputs(("attest: " + problem::printable(what, 2000) + "\n").c_str(), stderr);
  return code;
}

/// A file that is opened where 0, 1 or 2 was closed would be taken for a standard stream.
void occupy_standard_files() {
  for (int file = 0; file <= 2; ++file) {
    if (fcntl(file, F_GETFD) >= 0) continue;
    // The wrong way round, so that using it is an error as before.
    if (open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

/// True when text was lost, other than to a reader of a pipe that went away.
bool lost_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return false;
  struct stat info {};
  return fstat(STDOUT_FILENO, &info) != 0 || !(S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

int run(int argc, char** argv) {
  CLI::App app("Property-based differential testing of attention kernels.", "attest");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version",
                       fmt::format("attest {} ({}), case format {}, generator {}, values {}",
                                   ATTEST_VERSION, ATTEST_COMMIT, corpus::kCaseFormat,
                                   properties::kGeneratorVersion, problem::kValuesVersion));
  ListVerb list;
  FuzzVerb fuzz;
  CompareVerb compare;
  ReplayVerb replay;
  ShowVerb show;
  ShrinkVerb shrink;
  MutantsVerb mutants;
  CLI::App* list_app = app.add_subcommand("list", "What there is: kernels, or properties");
  CLI::App* fuzz_app = app.add_subcommand("fuzz", "Draw cases, judge kernels, shrink what fails");
  CLI::App* compare_app =
      app.add_subcommand("compare", "Hold two kernels against each other on the same cases");
  CLI::App* replay_app = app.add_subcommand("replay", "Run stored cases again");
  CLI::App* show_app =
      app.add_subcommand("show", "Draw a case: block table, mask, poison, expected and got");
  CLI::App* shrink_app = app.add_subcommand("shrink", "Make a failing case smaller");
  CLI::App* mutants_app =
      app.add_subcommand("mutants", "The report card: which property finds which planted bug");
  list.add_to(list_app);
  fuzz.add_to(fuzz_app);
  compare.add_to(compare_app);
  replay.add_to(replay_app);
  show.add_to(show_app);
  shrink.add_to(shrink_app);
  mutants.add_to(mutants_app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help and --version
    return app.exit(asked);
  } catch (const CLI::RequiredError& error) {
    // CLI11 misses the verb before it looks at the word in its place.
    if (app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-') {
      return fail(kUsage,
                  fmt::format("no verb '{}'; there are list, fuzz, compare, replay, show, shrink "
                              "and mutants",
                              problem::printable(argv[1])));
    }
    return fail(kUsage, fmt::format("{} (attest --help)", error.what()));
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, fmt::format("{} (attest --help)", error.what()));
  }
  const std::string command = command_name(argv[0]);
  if (list_app->parsed()) return list.run();
  if (fuzz_app->parsed()) return fuzz.run(command);
  if (compare_app->parsed()) return compare.run(command);
  if (replay_app->parsed()) return replay.run();
  if (show_app->parsed()) return show.run();
  if (mutants_app->parsed()) return mutants.run(command);
  return shrink.run(command);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that went away (attest list | head) is no reason to die in the middle of a file.
  std::signal(SIGPIPE, SIG_IGN);
  occupy_standard_files();
  try {
    const int code = run(argc, argv);
    return lost_output() ? fail(kInternal, "cannot write to stdout") : code;
  } catch (const campaign::UsageError& error) {
    return fail(kUsage, error.what());
  } catch (const campaign::NothingToDo& error) {
    return fail(kNothingToDo, error.what());
  } catch (const CorpusError& error) {
    return fail(kBrokenCase, error.what());
  } catch (const PluginError& error) {
    return fail(kUsage, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kInternal, "out of memory");
  } catch (const std::exception& error) {  // ContractError, SystemError and what nobody foresaw
    return fail(kInternal, error.what());
  }
}
