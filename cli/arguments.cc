#include "cli/arguments.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>

#include "campaign/arguments.h"
#include "campaign/errors.h"
#include "campaign/reports/reports.h"
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

void add_properties(CLI::App* verb, std::vector<std::string>& globs) {
  verb->add_option("-p,--property", globs, "Properties: a glob over ids, or a family")
      ->allow_extra_args(false)
      ->type_name("GLOB");
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

void Budget::add_to(CLI::App* verb, const std::string& for_help, const std::string& cases_help) {
  verb->add_option("--for", time, for_help)->check(not_empty())->type_name("TIME");
  verb->add_option("--cases", cases, cases_help)->check(not_empty())->type_name("N");
  verb->add_option("--seed", seed, "Seed of everything that is drawn (default 1)")
      ->check(not_empty())
      ->type_name("N|0xN");
}

void Budget::add_jobs_to(CLI::App* verb) {
  verb->add_option("-j,--jobs", jobs, "Lanes to work in (default: one per core; 4 on a GPU)")
      ->check(not_empty())
      ->type_name("N");
}

void Output::add_to(CLI::App* verb) {
  verb->add_flag("--json", json, "The record of the run on stdout (run.json), instead of text");
  verb->add_flag("--github", github,
                 "Annotations for GitHub, as when GITHUB_ACTIONS=true: one per signature");
}

void Output::print(const campaign::RunRecord& record, const std::string& text) const {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const bool on_github = github || variable("GITHUB_ACTIONS") == "true";
  std::fputs(json        ? campaign::write_record(record).c_str()
             : on_github ? campaign::without_commands(text).c_str()
                         : text.c_str(),
             stdout);
  if (on_github) {
    std::fputs(campaign::github_annotations(record).c_str(), json ? stderr : stdout);
  }
  const std::string summary = variable("GITHUB_STEP_SUMMARY");
  if (!summary.empty()) {
    campaign::append_summary(campaign::summary_markdown(record), summary);
  }
}

std::optional<std::uint64_t> Budget::parsed_seed() const {
  if (seed.empty()) return std::nullopt;
  return campaign::parse_seed(seed, "--seed");
}

std::optional<std::int64_t> Budget::parsed_cases() const {
  if (cases.empty()) return std::nullopt;
  return campaign::parse_count(cases, "--cases", 1, 1'000'000'000);
}

std::optional<std::chrono::milliseconds> Budget::parsed_time() const {
  if (time.empty()) return std::nullopt;
  return campaign::parse_duration(time, "--for");
}

std::optional<int> Budget::parsed_jobs() const {
  if (jobs.empty()) return std::nullopt;
  return static_cast<int>(campaign::parse_count(jobs, "--jobs", 1, 256));
}

}  // namespace attest::cli
