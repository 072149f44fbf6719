// The one list of verbs.
#include "cli/verbs.h"

namespace attest::cli {

std::vector<NamedVerb> all_verbs() {
  std::vector<NamedVerb> verbs;
  const auto add = [&](const char* name, const char* help, std::unique_ptr<Verb> verb) {
    verbs.push_back({name, help, std::move(verb)});
  };
  add("list", "What there is: kernels, or properties", list_verb());
  add("fuzz", "Draw cases, judge kernels, shrink what fails", fuzz_verb());
  add("compare", "Hold two kernels against each other on the same cases", compare_verb());
  add("replay", "Run stored cases again", replay_verb());
  add("show", "Draw a case: block table, mask, poison, expected and got", show_verb());
  add("shrink", "Make a failing case smaller", shrink_verb());
  add("merge", "Join the run folders of shards", merge_verb());
  add("corpus", "Look after a folder of cases: check, merge, prune", corpus_verb());
  add("mutants", "The report card: which property finds which planted bug", mutants_verb());
  return verbs;
}

}  // namespace attest::cli
