#include "tests/campaign/cards.h"

#include "campaign/card_writers.h"
#include "tests/campaign/fakes.h"

namespace attest::tests {
namespace {

problem::Verdict passes(const problem::Case&, properties::Harness&) {
  return problem::Verdict::pass();
}

campaign::CardPair pair(const properties::Property& property, std::int64_t cases,
                        std::int64_t reached) {
  campaign::CardPair made;
  made.property = &property;
  made.cases = made.judged = cases;
  made.reached = reached;
  return made;
}

}  // namespace

campaign::Card small_card(const std::string& name) {
  static const properties::Property kOne = fake_property("alpha.one", passes);
  static const properties::Property kTwo = fake_property("beta.two", passes);
  static const properties::Property kIdle = fake_property("beta.idle", passes);
  campaign::Card card;
  card.properties = {&kOne, &kTwo, &kIdle};
  card.seed = 1;
  card.cases = 50;
  card.bugs.resize(2);
  campaign::CardBug& killed = card.bugs[0];
  killed.kernel = fake_kernel(name);
  killed.pairs = {pair(kOne, 3, 2), pair(kTwo, 40, 40), pair(kIdle, 50, 50)};
  killed.pairs[0].killed_at = 2;
  killed.pairs[0].failure_class = "nan";
  killed.pairs[1].killed_at = 39;
  killed.pairs[1].failure_class = "value";
  problem::Problem problem;
  problem.sequences = {{.q_len = 1, .kv_len = 1}};
  campaign::FirstKill& first = killed.first.emplace();
  first.pair = 0;
  first.cases = 7;
  first.minimal = problem::make_case(problem);
  first.minimal.property = "alpha.one";
  first.minimal.kernel = name;
  first.verdict = problem::Verdict::fail("nan", "o[0] is NaN");
  campaign::CardBug& survivor = card.bugs[1];
  survivor.kernel = fake_kernel("planted/second");
  survivor.pairs = {pair(kOne, 50, 4), pair(kTwo, 50, 0)};
  return card;
}

std::string without_times(campaign::Card card) {
  card.elapsed = {};
  card.jobs = 1;
  for (campaign::CardBug& bug : card.bugs) {
    bug.seconds = 0;
    if (bug.first) bug.first->seconds = 0;
  }
  return card_text(card, "attest") + card_markdown(card) + card_svg(card) +
         card_stryker(card, campaign::source_root());
}

}  // namespace attest::tests
