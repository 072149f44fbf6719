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
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "campaign/errors.h"
#include "campaign/table.h"
#include "cli/verbs.h"
#include "corpus/case_file.h"
#include "kernels/session.h"
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

/// CLI11 misses the verb before it looks at the word in its place: what is wrong with that word, or
/// nothing when there is none.
std::string missing_verb(const CLI::App& app, int argc, char** argv) {
  const CLI::App* above = &app;
  int word = 1;
  while (!above->get_subcommands().empty()) {
    above = above->get_subcommands().front();
    ++word;
  }
  if (word >= argc || argv[word][0] == '-') return {};
  std::vector<std::string> names;
  for (const CLI::App* verb : above->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names.empty() ? std::string()
                       : fmt::format("no verb '{}'; there are {}", problem::printable(argv[word]),
                                     fmt::join(names, ", "));
}

int run(int argc, char** argv) {
  CLI::App app("Property-based differential testing of attention kernels.", "attest");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  const std::vector<NamedVerb> verbs = all_verbs();
  std::vector<const CLI::App*> apps;
  for (const NamedVerb& verb : verbs) {
    CLI::App* verb_app = app.add_subcommand(verb.name, verb.help);
    verb.verb->add_to(verb_app);
    apps.push_back(verb_app);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help and --version
    return app.exit(asked);
  } catch (const CLI::RequiredError& error) {
    const std::string missing = missing_verb(app, argc, argv);
    if (!missing.empty()) return fail(kUsage, missing);
    return fail(kUsage, fmt::format("{} (attest --help)", error.what()));
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, fmt::format("{} (attest --help)", error.what()));
  }
  const Invocation invocation{command_name(argv[0]), {argv + 1, argv + argc}};
  for (std::size_t i = 0; i < verbs.size(); ++i) {
    if (apps[i]->parsed()) return verbs[i].verb->run(invocation);
  }
  throw ContractError("CLI11 parsed a command without a verb");
}

}  // namespace

namespace attest::cli {

std::string version_text() {
  return fmt::format("attest {} ({}), case format {}, generator {}, values {}", ATTEST_VERSION,
                     ATTEST_COMMIT, corpus::kCaseFormat, properties::kGeneratorVersion,
                     problem::kValuesVersion);
}

}  // namespace attest::cli

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
  } catch (const kernels::NoDeviceError& error) {
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
