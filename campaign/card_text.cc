// card_text(), card_totals() and card_markdown() of campaign/card_writers.h.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "campaign/card_writers.h"
#include "campaign/table.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

constexpr std::size_t kShort = 4;

/// The first letters of each family, so that all of them fit a line; the whole names when two begin
/// alike.
std::vector<std::string> headings(const std::vector<std::string_view>& families) {
  std::vector<std::string> shorts;
  for (const std::string_view family : families) shorts.emplace_back(family.substr(0, kShort));
  if (std::set<std::string>(shorts.begin(), shorts.end()).size() == shorts.size()) return shorts;
  return {families.begin(), families.end()};
}

/// Properties that kill; "." they ran the altered line and none kills; "-" they never ran it; empty
/// when none applies.
std::string cell(const FamilyResult& result) {
  if (result.kills > 0) return fmt::format("{}", result.kills);
  if (result.applies == 0) return {};
  return result.reaches > 0 ? "." : "-";
}

std::string matrix(const Card& card) {
  const std::vector<std::string_view> families = families_of(card);
  const std::vector<std::string> shorts = headings(families);
  std::size_t name_width = std::string_view("planted bug").size();
  for (const CardBug& bug : card.bugs) name_width = std::max(name_width, bug.name().size());
  std::string text = fmt::format("{:<{}} {:>6} {:>6}", "planted bug", name_width, "cases", "sec");
  for (const std::string& heading : shorts) text += fmt::format(" {:>4}", heading);
  text += "\n";
  for (const CardBug& bug : card.bugs) {
    std::string line = fmt::format("{:<{}} {:>6} {:>6}", bug.name(), name_width,
                                   bug.first ? grouped(bug.first->cases) : "-",
                                   bug.first ? fmt::format("{:.2f}", bug.first->seconds) : "-");
    for (std::size_t f = 0; f < families.size(); ++f) {
      line += fmt::format(" {:>{}}", cell(family_result(bug, families[f])),
                          std::max<std::size_t>(shorts[f].size(), 4));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text +
         "cases, sec: to the first kill. Under a family: its properties that kill; '.' they run "
         "the altered line and none\nkills, '-' they never run it, blank: none applies\n";
}

std::string first_kills(const Card& card, const std::string& command) {
  std::string text = "first kills\n";
  for (const CardBug& bug : card.bugs) {
    if (!bug.first) continue;
    const FirstKill& first = *bug.first;
    const CardPair& pair = bug.pairs[first.pair];
    text += fmt::format("  {}  {} ({}), case {}\n    {}\n", bug.name(), pair.property->id,
                        problem::printable(pair.failure_class), *pair.killed_at,
                        first.why_not_shrunk.empty()
                            ? "shrunk to " + size_text(first.minimal)
                            : "not shrunk, " + problem::printable(first.why_not_shrunk) + ": " +
                                  size_text(first.minimal));
    text += "    " +
            (first.why_not_saved.empty() ? replay_line(command, &bug.kernel, first.path)
                                         : "not saved: " + first.why_not_saved) +
            "\n";
  }
  return text;
}

std::string not_killed(const Card& card) {
  std::string text;
  for (const CardBug& bug : card.bugs) {
    if (bug.fate() == Fate::kKilled) continue;
    text += fmt::format("  {}  {}: {}\n", bug.name(), name_of(bug.fate()), bug.reason());
  }
  return text.empty() ? text : "not killed\n" + text;
}

std::vector<std::string> names_of(const std::vector<const CardBug*>& bugs) {
  std::vector<std::string> names;
  for (const CardBug* bug : bugs) names.push_back(bug->name());
  return names;
}

std::string lists(const Card& card) {
  std::string text = "killed by one family alone\n";
  for (const Sole& sole : killed_by_one_family(card)) {
    text += folded(fmt::format("  {}: ", sole.family), names_of(sole.bugs), "    ");
  }
  std::vector<std::string> idle;
  for (const properties::Property* property : idle_properties(card))
    idle.emplace_back(property->id);
  text += idle.empty() ? "every selected property kills something\n"
                       : folded("properties that kill nothing here: ", idle, "  ");
  // What its author says of a property, held against what it did.
  constexpr std::size_t kSuggestions = 3;
  for (Claim& claim : claims(card)) {
    if (!claim.unmet.empty()) {
      text += folded(fmt::format("{} names, but did not kill: ", claim.property->id), claim.unmet,
                     "  ");
    }
    if (claim.met.empty() && !claim.killed_unnamed.empty()) {
      claim.killed_unnamed.resize(std::min(claim.killed_unnamed.size(), kSuggestions));
      text += folded(fmt::format("{} kills and does not name: ", claim.property->id),
                     claim.killed_unnamed, "  ");
    }
  }
  return text;
}

std::string code_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  }
  return text;
}

/// Names of plug-in kernels may hold what Markdown would read as its own.
std::string markdown(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view("\\`*[]()<>|&#!").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

std::string card_totals(const Card& card) {
  std::string text =
      fmt::format("{} of {} killed", grouped(card.killed()),
                  plural(static_cast<std::int64_t>(card.bugs.size()), "planted bug"));
  if (const std::vector<std::int64_t> cases = cases_to_first_kill(card); !cases.empty()) {
    text += fmt::format("; cases to the first kill: median {}, most {}",
                        grouped(cases[(cases.size() - 1) / 2]), grouped(cases.back()));
  }
  std::int64_t drawn = 0;
  std::int64_t pairs = 0;
  std::int64_t kills = 0;
  for (const CardBug& bug : card.bugs) {
    drawn += bug.cases();
    pairs += static_cast<std::int64_t>(bug.pairs.size());
    kills += bug.kills();
  }
  text += fmt::format("\n{} of {} of a bug and a property kill; {} in {} on {}\n", grouped(kills),
                      plural(pairs, "pair"), plural(drawn, "case"), duration_text(card.elapsed),
                      plural(card.jobs, "lane"));
  if (card.interrupted) text += "interrupted: this is what was done so far\n";
  return text;
}

std::string card_text(const Card& card, const std::string& command) {
  std::string text = matrix(card) + "\n" + first_kills(card, command) + "\n";
  if (const std::string bad = not_killed(card); !bad.empty()) text += bad + "\n";
  return text + lists(card) + "\n" + card_totals(card);
}

std::string card_markdown(const Card& card) {
  const std::vector<std::string_view> families = families_of(card);
  std::string text = "| planted | cases | first kill by |";
  std::string rule = "|---|---|---|";
  for (const std::string_view family : families) {
    text += fmt::format(" {} |", family);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const CardBug& bug : card.bugs) {
    text += fmt::format(
        "| {} | {} | {} |", markdown(bug.name()),
        bug.first ? grouped(bug.first->cases) : std::string(name_of(bug.fate())),
        bug.first ? fmt::format("`{}`", bug.pairs[bug.first->pair].property->id) : std::string());
    for (const std::string_view family : families) {
      text += fmt::format(" {} |", cell(family_result(bug, family)));
    }
    text += "\n";
  }
  const std::vector<std::int64_t> cases = cases_to_first_kill(card);
  text += fmt::format("\n{} of {} bugs are killed", card.killed(), card.bugs.size());
  if (!cases.empty()) {
    text += fmt::format(", after a median of {} cases and at most {}",
                        grouped(cases[(cases.size() - 1) / 2]), grouped(cases.back()));
  }
  text += ".\n\nKilled by one family alone:\n\n";
  for (const Sole& sole : killed_by_one_family(card)) {
    std::string names;
    for (const CardBug* bug : sole.bugs) {
      names += (names.empty() ? "" : ", ") + markdown(bug->name());
    }
    text += fmt::format("- `{}`: {}\n", sole.family, names);
  }
  std::vector<std::string> idle;
  for (const properties::Property* property : idle_properties(card))
    idle.emplace_back(property->id);
  text += idle.empty() ? "\nEvery property kills something.\n"
                       : fmt::format("\nKill nothing in this run: {}.\n", code_list(idle));
  return text;
}

}  // namespace attest::campaign
