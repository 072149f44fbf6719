// attest merge.
#include <cstdio>

#include "campaign/reports/reports.h"
#include "campaign/run/merge.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "problem/errors.h"

namespace attest::cli {
namespace {

class MergeVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    app->add_option("RUN", runs_, "Run folders of all shards (attest fuzz --out)")->required();
    app->add_option("-o,--out", out_, "The folder to make")
        ->required()
        ->check(not_empty())
        ->type_name("DIR");
    app->add_option("--waivers", waivers_, "Known failures that are no reason for exit code 1")
        ->check(not_empty())
        ->type_name("FILE");
    output_.add_to(app);
  }

  int run(const Invocation& invocation) const override {
    campaign::MergeOptions options;
    options.runs.assign(runs_.begin(), runs_.end());
    options.out = out_;
    if (!waivers_.empty()) options.waivers = waivers_;
    options.arguments = invocation.arguments;
    const campaign::MergeResult merged = campaign::merge_runs(options);
    std::string text = campaign::record_text(merged.record);
    for (const std::string& note : merged.notes) text += note + "\n";
    output_.print(merged.record, text);
    if (merged.record.state == campaign::RunState::kBroken) {
      throw ContractError(merged.record.broken);
    }
    return merged.record.exit_code.value_or(kInternal);
  }

 private:
  std::vector<std::string> runs_;
  std::string out_, waivers_;
  Output output_;
};

}  // namespace

std::unique_ptr<Verb> merge_verb() { return std::make_unique<MergeVerb>(); }

}  // namespace attest::cli
