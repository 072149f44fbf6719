// attest mutants.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "campaign/campaign.h"
#include "campaign/card_writers.h"
#include "campaign/errors.h"
#include "campaign/mutants.h"
#include "campaign/select.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "kernels/registry.h"
#include "kernels/session.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::cli {
namespace {

class MutantsVerb : public Verb {
 public:
  void add_to(CLI::App* app) override {
    common_.add_to(app);
    add_properties(app, property_globs_);
    budget_.add_to(app, "Time to search, in equal parts, instead of a number of cases",
                   fmt::format("Cases per bug and property at most (default {})",
                               campaign::kDefaultMutantCases));
    budget_.add_jobs_to(app);
    app->add_option("-o,--output", output_, "Folder for the card (default attest-mutants)")
        ->check(not_empty())
        ->type_name("DIR");
    common_.add_session_to(app);
  }

  int run(const Invocation& invocation) const override {
    campaign::Options options;
    options.session = common_.session();
    budget_.apply_to(options);
    const std::filesystem::path out =
        folder(output_.empty() ? "attest-mutants" : output_, "--output");
    options.properties = campaign::select_properties(property_globs_);
    std::vector<std::string> globs = common_.kernels;
    if (globs.empty()) globs = {"planted/*"};
    options.kernels = campaign::select_kernels(globs);
    // Those on the executor take longer than all others together: only when asked for.
    if (common_.kernels.empty()) {
      std::erase_if(options.kernels,
                    [](const kernels::KernelInfo& info) { return info.on_executor; });
    }
    for (const kernels::KernelInfo& info : options.kernels) kernels::require_device(info);
    for (const kernels::KernelInfo& kernel : options.kernels) {
      // No line of a correct kernel is altered: it could only be 'not reached'.
      if (kernel.library.empty() && !kernels::is_planted(kernel)) {
        throw campaign::UsageError(
            fmt::format("--kernel: '{}' has no planted bug; see attest list --kernel 'planted/*'",
                        problem::printable(kernel.name)));
      }
    }
    campaign::Card card = campaign::run_mutants(options);
    campaign::write_card(card, out, invocation.command);
    std::fputs(campaign::card_text(card, invocation.command).c_str(), stdout);
    if (!card.broken.empty()) throw ContractError(card.broken);
    if (!card.not_written.empty()) throw SystemError(card.not_written);
    return card.exit_code();
  }

 private:
  Common common_;
  Budget budget_;
  std::vector<std::string> property_globs_;
  std::string output_;
};

}  // namespace

std::unique_ptr<Verb> mutants_verb() { return std::make_unique<MutantsVerb>(); }

}  // namespace attest::cli
