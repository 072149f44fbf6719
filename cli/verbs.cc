#include "cli/verbs.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "campaign/arguments.h"
#include "campaign/campaign.h"
#include "campaign/compare.h"
#include "campaign/errors.h"
#include "campaign/list.h"
#include "campaign/replay.h"
#include "campaign/select.h"
#include "campaign/show.h"
#include "campaign/shrink_file.h"
#include "campaign/table.h"
#include "kernels/registry.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::cli {

namespace fs = std::filesystem;

CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& text) { return text.empty() ? "expected a value, got ''" : ""; }, "");
}

fs::path folder(const std::string& path, const char* option) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    throw campaign::UsageError(
        fmt::format("{}: '{}' is not a folder", option, problem::printable(path, 400)));
  }
  return path;
}

void Common::add_to(CLI::App* verb) {
  verb->add_option("-k,--kernel", kernels, "Kernels: a glob over names, or the path of a plug-in")
      ->allow_extra_args(false)
      ->type_name("GLOB|LIB");
}

void Common::add_session_to(CLI::App* verb) {
  verb->add_option("--timeout", timeout, "A kernel call that takes longer hangs (default 10s)")
      ->check(not_empty())
      ->type_name("TIME");
  verb->add_flag("--in-process", in_process,
                 "Run kernels in this process, for debuggers: a crash ends everything");
}

kernels::SessionOptions Common::session() const {
  kernels::SessionOptions session;
  session.timeout = campaign::parse_duration(timeout, "--timeout");
  session.in_process = in_process;
  return session;
}

void ListVerb::add_to(CLI::App* verb) {
  common.add_to(verb);
  verb->add_flag("--properties", properties, "List properties instead of kernels");
  verb->add_option("-p,--property", property_globs, "List these properties")
      ->allow_extra_args(false)
      ->type_name("GLOB");
}

int ListVerb::run() const {
  if (properties || !property_globs.empty()) {
    const std::string text = campaign::list_properties(campaign::select_properties(property_globs));
    std::fputs(text.c_str(), stdout);
    return kHolds;
  }
  std::string text = campaign::list_kernels(campaign::select_kernels(common.kernels));
  std::size_t planted = 0;
  for (const kernels::KernelInfo& info : kernels::builtin_infos()) {
    planted += kernels::is_planted(info) ? 1 : 0;
  }
  if (common.kernels.empty() && planted > 0) {
    text += fmt::format("and {} that are wrong on purpose: attest list --kernel 'planted/*'\n",
                        planted);
  }
  std::fputs(text.c_str(), stdout);
  return kHolds;
}

void FuzzVerb::add_to(CLI::App* verb) {
  common.add_to(verb);
  verb->add_option("-p,--property", property_globs, "Properties: a glob over ids, or a family")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  verb->add_option("--for", time, "Time to search, such as 10s, 5m or 1h (default 60s)")
      ->check(not_empty())
      ->type_name("TIME");
  verb->add_option("--cases", cases, "Cases per kernel and property, instead of a time")
      ->check(not_empty())
      ->type_name("N");
  verb->add_option("--seed", seed, "Seed of everything that is drawn (default 1)")
      ->check(not_empty())
      ->type_name("N|0xN");
  verb->add_option("-j,--jobs", jobs, "Lanes to work in (default: one per core)")
      ->check(not_empty())
      ->type_name("N");
  verb->add_option("--corpus", corpus, "Folder of cases to replay first; failures go there too")
      ->check(not_empty())
      ->type_name("DIR");
  verb->add_option("--out", out, "Folder for cases.jsonl, a line per drawn case")
      ->check(not_empty())
      ->type_name("DIR");
  verb->add_option("--max-shrinks", max_shrinks, "Failures to shrink per kernel (default 3)")
      ->check(not_empty())
      ->type_name("N");
  verb->add_flag("--exhaustive", exhaustive,
                 "All problems of up to 4 tokens, instead of drawn ones (docs/generators.md)")
      ->excludes("--cases")
      ->excludes("--seed");
  verb->add_flag("--coverage", coverage,
                 "Say which labels of cases were met, and which pairs of them");
  common.add_session_to(verb);
}

int FuzzVerb::run(const std::string& command) const {
  campaign::Options options;
  options.session = common.session();
  if (!seed.empty()) options.seed = campaign::parse_seed(seed, "--seed");
  if (!cases.empty()) options.cases = campaign::parse_count(cases, "--cases", 1, 1'000'000'000);
  if (!time.empty()) options.time = campaign::parse_duration(time, "--for");
  if (!jobs.empty()) options.jobs = static_cast<int>(campaign::parse_count(jobs, "--jobs", 1, 256));
  if (!max_shrinks.empty()) {
    options.max_shrinks =
        static_cast<int>(campaign::parse_count(max_shrinks, "--max-shrinks", 0, 1000));
  }
  if (!out.empty()) options.out = folder(out, "--out");
  options.coverage = coverage;
  options.exhaustive = exhaustive;
  options.properties = campaign::select_properties(property_globs);
  options.kernels = campaign::select_kernels(common.kernels);
  if (!corpus.empty()) {
    options.failures = folder(corpus, "--corpus");
    options.stored = campaign::corpus_files(corpus);
  } else if (!options.exhaustive && (options.time || !options.cases)) {
    // A number of cases asks for exactly those; a time leaves room for what is stored.
    if (const auto found = campaign::default_corpus())
      options.stored = campaign::corpus_files(*found);
  }
  const campaign::Report report = campaign::run(options);
  std::fputs(campaign::report_text(options, report, command).c_str(), stdout);
  if (!report.broken.empty()) throw ContractError(report.broken);
  if (!report.not_written.empty()) throw SystemError(report.not_written);
  return report.exit_code();
}

void CompareVerb::add_to(CLI::App* verb) {
  verb->add_option("A", a, "A kernel: its name, or LIB:NAME of a plug-in")->required();
  verb->add_option("B", b, "The kernel it is held against")->required();
  verb->add_option("--for", time, "Time to search, such as 10s, 5m or 1h (default 60s)")
      ->check(not_empty())
      ->type_name("TIME");
  verb->add_option("--cases", cases, "Cases to draw, instead of a time")
      ->check(not_empty())
      ->type_name("N");
  verb->add_option("--seed", seed, "Seed of everything that is drawn (default 1)")
      ->check(not_empty())
      ->type_name("N|0xN");
  verb->add_option("--corpus", corpus, "Folder that a failing case is saved in")
      ->check(not_empty())
      ->type_name("DIR");
  common.add_session_to(verb);
}

int CompareVerb::run(const std::string& command) const {
  campaign::CompareOptions options;
  options.session = common.session();
  if (!seed.empty()) options.seed = campaign::parse_seed(seed, "--seed");
  if (!cases.empty()) options.cases = campaign::parse_count(cases, "--cases", 1, 1'000'000'000);
  if (!time.empty()) options.time = campaign::parse_duration(time, "--for");
  if (!corpus.empty()) options.failures = folder(corpus, "--corpus");
  for (const auto& [text, info] : {std::pair{&a, &options.a}, std::pair{&b, &options.b}}) {
    const std::string argument[] = {*text};
    const std::vector<kernels::KernelInfo> found = campaign::select_kernels(argument);
    if (found.size() != 1) {
      throw campaign::UsageError(fmt::format("compare: '{}' names {} kernels: one is wanted",
                                             problem::printable(*text, 400), found.size()));
    }
    *info = found.front();
  }
  options.command = command;
  return campaign::compare(options, stdout);
}

void ReplayVerb::add_to(CLI::App* verb) {
  verb->add_option("CASE", paths, "Case files, or folders of them")->required();
  common.add_to(verb);
  common.add_session_to(verb);
}

int ReplayVerb::run() const {
  campaign::ReplayOptions options;
  options.paths.assign(paths.begin(), paths.end());
  options.kernels = common.kernels;
  options.session = common.session();
  return campaign::replay(options, stdout);
}

void ShowVerb::add_to(CLI::App* verb) {
  verb->add_option("CASE", path, "A case file")->required();
  common.add_to(verb);
  common.add_session_to(verb);
}

int ShowVerb::run() const {
  std::fputs(campaign::show({path, common.kernels, common.session()}).c_str(), stdout);
  return kHolds;
}

void ShrinkVerb::add_to(CLI::App* verb) {
  verb->add_option("CASE", path, "A failing case file")->required();
  verb->add_option("-o,--output", output, "Where to write the smaller case (default: beside CASE)")
      ->check(not_empty())
      ->type_name("FILE");
  verb->add_option("--for", time, "Time to shrink (default 20s)")
      ->check(not_empty())
      ->type_name("TIME");
  verb->add_option("--evaluations", evaluations, "Checks to spend (default 2000)")
      ->check(not_empty())
      ->type_name("N");
  common.add_to(verb);
  common.add_session_to(verb);
}

int ShrinkVerb::run(const std::string& command) const {
  campaign::ShrinkFileOptions options;
  options.path = path;
  if (!output.empty()) options.output = output;
  if (!time.empty()) options.limits.time = campaign::parse_duration(time, "--for");
  if (!evaluations.empty()) {
    options.limits.evaluations =
        campaign::parse_count(evaluations, "--evaluations", 1, 1'000'000'000);
  }
  options.kernels = common.kernels;
  options.session = common.session();
  options.command = command;
  return campaign::shrink_file(options, stdout);
}

}  // namespace attest::cli
