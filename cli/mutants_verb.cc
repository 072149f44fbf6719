// attest mutants.
#include <cstdio>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "campaign/arguments.h"
#include "campaign/campaign.h"
#include "campaign/card_writers.h"
#include "campaign/errors.h"
#include "campaign/mutants.h"
#include "campaign/select.h"
#include "cli/verbs.h"
#include "kernels/registry.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::cli {

void MutantsVerb::add_to(CLI::App* verb) {
  common.add_to(verb);
  verb->add_option("-p,--property", property_globs, "Properties: a glob over ids, or a family")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  verb->add_option("--cases", cases,
                   fmt::format("Cases per bug and property at most (default {})",
                               campaign::kDefaultMutantCases))
      ->check(not_empty())
      ->type_name("N");
  verb->add_option("--for", time, "Time to search, in equal parts, instead of a number of cases")
      ->check(not_empty())
      ->type_name("TIME");
  verb->add_option("--seed", seed, "Seed of everything that is drawn (default 1)")
      ->check(not_empty())
      ->type_name("N|0xN");
  verb->add_option("-j,--jobs", jobs, "Lanes to work in (default: one per core)")
      ->check(not_empty())
      ->type_name("N");
  verb->add_option("-o,--output", output, "Folder for the card (default attest-mutants)")
      ->check(not_empty())
      ->type_name("DIR");
  common.add_session_to(verb);
}

int MutantsVerb::run(const std::string& command) const {
  campaign::Options options;
  options.session = common.session();
  if (!seed.empty()) options.seed = campaign::parse_seed(seed, "--seed");
  if (!cases.empty()) options.cases = campaign::parse_count(cases, "--cases", 1, 1'000'000'000);
  if (!time.empty()) options.time = campaign::parse_duration(time, "--for");
  if (!jobs.empty()) options.jobs = static_cast<int>(campaign::parse_count(jobs, "--jobs", 1, 256));
  const std::filesystem::path out = folder(output.empty() ? "attest-mutants" : output, "--output");
  options.properties = campaign::select_properties(property_globs);
  std::vector<std::string> globs = common.kernels;
  if (globs.empty()) globs = {"planted/*"};
  options.kernels = campaign::select_kernels(globs);
  for (const kernels::KernelInfo& kernel : options.kernels) {
    // No line of a correct kernel is altered: it could only be 'not reached'.
    if (kernel.library.empty() && !kernels::is_planted(kernel)) {
      throw campaign::UsageError(
          fmt::format("--kernel: '{}' has no planted bug; see attest list --kernel 'planted/*'",
                      problem::printable(kernel.name)));
    }
  }
  campaign::Card card = campaign::run_mutants(options);
  campaign::write_card(card, out, command);
  std::fputs(campaign::card_text(card, command).c_str(), stdout);
  if (!card.broken.empty()) throw ContractError(card.broken);
  if (!card.not_written.empty()) throw SystemError(card.not_written);
  return card.exit_code();
}

}  // namespace attest::cli
