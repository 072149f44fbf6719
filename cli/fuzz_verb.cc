// attest fuzz.
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "campaign/arguments.h"
#include "campaign/campaign.h"
#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/reports/reports.h"
#include "campaign/run/make_record.h"
#include "campaign/run/record.h"
#include "campaign/run/shard.h"
#include "campaign/run/waivers.h"
#include "campaign/select.h"
#include "campaign/table.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "kernels/session.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::cli {
namespace {

namespace fs = std::filesystem;

struct Tier {
  std::string_view name;
  std::chrono::milliseconds time;
  bool keep_going;
};

// Confirming and shrinking come on top of the time: a smoke run is to end within two minutes.
constexpr Tier kTiers[] = {
    {"smoke", std::chrono::seconds(90), false},
    {"pr", std::chrono::minutes(10), false},
    {"nightly", std::chrono::hours(8), true},
};

void apply_tier(const std::string& name, campaign::Options& options) {
  for (const Tier& tier : kTiers) {
    if (tier.name != name) continue;
    options.time = tier.time;
    options.keep_going |= tier.keep_going;
    options.notes.tier = name;
    return;
  }
  throw campaign::UsageError(
      fmt::format("--tier: expected smoke, pr or nightly, got '{}'", problem::printable(name)));
}

class FuzzVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    common_.add_to(app);
    add_properties(app, property_globs_);
    budget_.add_to(app, "Time to search, such as 10s, 5m or 1h (default 60s)",
                   "Cases per kernel and property, instead of a time");
    budget_.add_jobs_to(app);
    const auto option = [&](const char* name, std::string& value, const char* help,
                            const char* type) {
      return app->add_option(name, value, help)->check(not_empty())->type_name(type);
    };
    option("--for-each", time_each_, "The same for each property", "TIME")->excludes("--for");
    option("--total-cases", total_cases_, "Cases of all kernels and properties together", "N")
        ->excludes("--cases");
    option("--tier", tier_, "smoke (under 2 minutes), pr (10 minutes) or nightly (8 hours)", "TIER")
        ->excludes("--for")
        ->excludes("--for-each")
        ->excludes("--cases")
        ->excludes("--total-cases");
    option("--corpus", corpus_, "Folder of cases to replay first; failures go there too", "DIR");
    option("--out", out_, "Run folder, written while the campaign goes (docs/run-folder.md)",
           "DIR");
    option("--resume", resume_, "Go on with the run in this folder, which was cut short", "DIR");
    option("--record", record_, "Cases of each kernel and property in cases.jsonl (default 100)",
           "N|all");
    option("--shard", shard_, "Do part K of N of the cases (docs/many-machines.md)", "K/N|off");
    option("--waivers", waivers_, "Known failures that are no reason for exit code 1", "FILE");
    option("--max-shrinks", max_shrinks_, "Failures to shrink per kernel (default 3)", "N");
    app->add_flag("--keep-going", keep_going_,
                  "Go on after a failure, for failures of other kinds (docs/campaign.md)");
    app->add_flag("--exhaustive", exhaustive_,
                  "All problems of up to 4 tokens, instead of drawn ones (docs/generators.md)")
        ->excludes("--cases")
        ->excludes("--total-cases")
        ->excludes("--seed");
    app->add_flag("--coverage", coverage_,
                  "Say which labels of cases were met, and which pairs of them");
    output_.add_to(app);
    common_.add_session_to(app);
  }

  int run(const Invocation& invocation) const override {
    if (!resume_.empty()) return resume(folder(resume_, "--resume"), invocation);
    campaign::Options options = this->options();
    std::optional<std::string> asked;
    if (!shard_.empty()) asked = shard_;
    const campaign::ShardChoice choice =
        campaign::shard_from(campaign::process_environment(), asked);
    options.shard = choice.shard;
    options.notes.arguments = invocation.arguments;
    if (!output_.json && !choice.source.empty()) {
      std::fputs(fmt::format("part {} of the cases ({})\n", campaign::shard_text(choice.shard),
                             choice.source)
                     .c_str(),
                 stdout);
    }
    return fuzz(options, invocation);
  }

 private:
  campaign::Options options() const {
    campaign::Options options;
    options.session = common_.session();
    budget_.apply_to(options);
    if (!total_cases_.empty()) {
      options.total_cases =
          campaign::parse_count(total_cases_, "--total-cases", 1, 1'000'000'000'000);
    }
    if (!tier_.empty()) apply_tier(tier_, options);
    if (!max_shrinks_.empty()) {
      options.max_shrinks =
          static_cast<int>(campaign::parse_count(max_shrinks_, "--max-shrinks", 0, 1000));
    }
    if (!out_.empty()) options.out = folder(out_, "--out");
    if (record_ == "all") {
      options.record.reset();
    } else if (!record_.empty()) {
      options.record = campaign::parse_count(record_, "--record", 0, 1'000'000'000);
    }
    if (!waivers_.empty()) options.waivers = campaign::read_waivers(waivers_);
    options.coverage = coverage_;
    options.exhaustive = exhaustive_;
    options.keep_going |= keep_going_;
    options.properties = campaign::select_properties(property_globs_);
    options.kernels = campaign::select_kernels(common_.kernels);
    for (const kernels::KernelInfo& info : options.kernels)
      kernels::require_device(info, common_.in_process);
    if (!time_each_.empty()) {
      options.time = campaign::parse_duration(time_each_, "--for-each") *
                     static_cast<std::int64_t>(options.properties.size());
    }
    if (!corpus_.empty()) {
      options.failures = folder(corpus_, "--corpus");
      options.stored = campaign::corpus_files(corpus_);
    } else if (!options.exhaustive && (options.time || !(options.cases || options.total_cases))) {
      // A number of cases asks for exactly those; a time leaves room for what is stored.
      if (const auto found = campaign::default_corpus()) {
        options.stored = campaign::corpus_files(*found);
      }
    }
    options.notes.version = version_text();
    return options;
  }

  int fuzz(const campaign::Options& options, const Invocation& invocation) const {
    const campaign::Report report = campaign::run(options);
    const campaign::RunRecord record =
        campaign::make_record(options, report, campaign::state_of(report));
    output_.print(record, campaign::report_text(options, report, invocation.command) +
                              campaign::waivers_text(record));
    if (!report.broken.empty()) throw ContractError(report.broken);
    if (!report.not_written.empty()) throw SystemError(report.not_written);
    return record.exit_code.value_or(kInternal);
  }

  int resume(const fs::path& folder, const Invocation& invocation) const {
    const fs::path place = fs::absolute(folder);
    std::optional<std::vector<campaign::Waiver>> waivers;  // of today, before the folder changes
    if (!waivers_.empty()) waivers = campaign::read_waivers(waivers_);
    const campaign::RunRecord record = campaign::read_record(place);
    const std::string name = campaign::path_text(folder);
    if (record.state == campaign::RunState::kDone) {
      std::fputs(fmt::format("attest: {}: this run is done\n", name).c_str(), stderr);
      return record.exit_code.value_or(kInternal);
    }
    // Kernels and folders were named from there.
    std::error_code error;
    fs::current_path(record.directory, error);
    if (error) {
      throw campaign::UsageError(fmt::format("{}: the run was started in {}, which is gone", name,
                                             problem::printable(record.directory, 400)));
    }
    CLI::App app;
    FuzzVerb again;
    again.add_to(app.add_subcommand("fuzz"));
    try {
      // CLI11 takes arguments from the back.
      std::vector<std::string> reversed(record.arguments.rbegin(), record.arguments.rend());
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError&) {
      throw CorpusError(name, "run.json: its arguments are none of attest fuzz");
    }
    campaign::Options options = again.options();
    options.out = place;
    options.resume = true;
    options.jobs = record.jobs;
    options.shard = record.shard;
    options.notes.arguments = record.arguments;
    if (waivers) options.waivers = *waivers;
    return fuzz(options, invocation);
  }

  Common common_;
  Budget budget_;
  Output output_;
  std::vector<std::string> property_globs_;
  std::string time_each_, total_cases_, tier_, shard_, waivers_;
  std::string max_shrinks_, corpus_, out_, record_, resume_;
  bool coverage_ = false, exhaustive_ = false, keep_going_ = false;
};

}  // namespace

std::unique_ptr<Verb> fuzz_verb() { return std::make_unique<FuzzVerb>(); }

}  // namespace attest::cli
