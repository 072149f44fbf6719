// Published checks and attest over the planted bugs, in the same time budget, side by side
// (docs/policies.md). Run: build/release/bench/bench_policies --help
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/policies/policy.h"
#include "bench/policies/run.h"
#include "bench/policies/table.h"
#include "kernels/registry.h"
#include "kernels/session.h"

namespace {

using namespace attest;
using bench::RunOptions;
using bench::RunResult;

struct Arguments {
  RunOptions run;
  std::vector<std::string> bugs{"planted/*"};
  std::vector<std::string> checks;
  bool no_correct = false;
  bool matrix = false;
};

constexpr const char* kAttest = "attest";

RunResult run(const std::string& tester, const kernels::KernelInfo& info,
              const RunOptions& options) {
  const bench::Policy* policy = bench::find_policy(tester);
  return policy != nullptr ? bench::run_policy(*policy, info, options)
                           : bench::run_attest(info, options);
}

bench::Results run_all(const Arguments& arguments) {
  const auto known = kernels::builtin_infos();
  const auto bugs = kernels::select_kernels(known, arguments.bugs);
  const auto correct = arguments.no_correct ? std::vector<kernels::KernelInfo>{}
                                            : kernels::select_kernels(known, {});
  bench::Results results;
  for (const auto& info : bugs) results.bugs.push_back(info.name);
  for (const auto& info : correct) results.correct.push_back(info.name);
  for (const std::string& id : arguments.checks) {
    bench::Tester tester;
    tester.id = id;
    const bench::Policy* policy = bench::find_policy(id);
    tester.source = policy != nullptr ? policy->source : "properties of `attest fuzz`";
    for (const auto& info : bugs) tester.bugs.push_back(run(id, info, arguments.run));
    for (const auto& info : correct) tester.correct.push_back(run(id, info, arguments.run));
    fmt::print(stderr, "{} done\n", id);
    results.testers.push_back(std::move(tester));
  }
  return results;
}

void print(const bench::Results& results, const Arguments& arguments) {
  fmt::print("{} planted bugs, {} correct kernels, {} s each, seed {}\n\n{}", results.bugs.size(),
             results.correct.size(), arguments.run.seconds, arguments.run.seed,
             bench::rates_table(results));
  if (const std::string alarms = bench::false_alarms(results); !alarms.empty())
    fmt::print("\n{}", alarms);
  if (arguments.matrix) fmt::print("\n{}", bench::matrix_table(results));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  std::vector<std::string> ids;
  for (const bench::Policy& policy : bench::all_policies()) ids.emplace_back(policy.id);
  ids.emplace_back(kAttest);

  CLI::App app{"Published checks and attest over the planted bugs, in the same time budget"};
  app.add_option("--for", arguments.run.seconds, "Seconds for each check on each kernel")
      ->check(CLI::PositiveNumber);
  app.add_option("--cases", arguments.run.max_cases, "Cases at most for each check on each kernel")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", arguments.run.seed, "Seed of all cases");
  app.add_option("--bug", arguments.bugs, "Planted bugs: globs over names");
  app.add_option("--check", arguments.checks, "Checks by name (default: all)")
      ->check(CLI::IsMember(ids));
  app.add_flag("--no-correct", arguments.no_correct, "Leave the correct kernels out");
  app.add_flag("--matrix", arguments.matrix,
               "A table by bug, too: killed, '.' passed, '-' line not reached, empty: not covered");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : (app.exit(error), 64);
  }
  if (arguments.checks.empty()) arguments.checks = ids;
  try {
    print(run_all(arguments), arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_policies: {}\n", error.what());
    return 64;
  }
  return 0;
}
