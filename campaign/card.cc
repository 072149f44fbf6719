#include "campaign/card.h"

#include <algorithm>

#include <fmt/format.h>

#include "campaign/table.h"
#include "kernels/registry.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

constexpr std::string_view kPrefix = "planted/";

template <typename Of>
std::int64_t sum(const std::vector<CardPair>& pairs, Of of) {
  std::int64_t total = 0;
  for (const CardPair& pair : pairs) total += of(pair);
  return total;
}

/// "a, b,c" without the blanks.
std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

const CardPair* pair_of(const CardBug& bug, const properties::Property& property) {
  for (const CardPair& pair : bug.pairs) {
    if (pair.property->id == property.id) return &pair;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::kKilled:
      return "killed";
    case Fate::kSurvived:
      return "survived";
    case Fate::kNotReached:
      return "not reached";
    case Fate::kNoProperty:
      return "no property applies";
    case Fate::kTimedOut:
      return "timed out";
  }
  return "?";
}

std::int64_t CardBug::cases() const {
  return sum(pairs, [](const CardPair& pair) { return pair.cases; });
}
std::int64_t CardBug::reached() const {
  return sum(pairs, [](const CardPair& pair) { return pair.reached; });
}
std::int64_t CardBug::kills() const {
  return sum(pairs, [](const CardPair& pair) { return pair.killed_at ? 1 : 0; });
}

std::string CardBug::name() const {
  std::string_view text = kernel.name;
  if (kernels::is_planted(kernel)) text.remove_prefix(kPrefix.size());
  return problem::printable(text, 60);
}

Fate CardBug::fate() const {
  if (kills() > 0) return Fate::kKilled;
  if (pairs.empty()) return Fate::kNoProperty;
  if (ran_out_of_time) return Fate::kTimedOut;
  return reached() > 0 ? Fate::kSurvived : Fate::kNotReached;
}

std::string CardBug::reason() const {
  if (!cannot_run.empty()) return "cannot be run: " + problem::printable(cannot_run, 300);
  const std::int64_t unreached =
      sum(pairs, [](const CardPair& pair) { return pair.unreached_failures; });
  const std::int64_t flaky = sum(pairs, [](const CardPair& pair) { return pair.flaky_failures; });
  std::string more;
  if (unreached > 0) {
    more += fmt::format("; {} for another reason, since that line did not run",
                        unreached == 1 ? "1 check failed" : grouped(unreached) + " checks failed");
  }
  if (flaky > 0) more += fmt::format("; {} did not repeat", plural(flaky, "failure"));
  switch (fate()) {
    case Fate::kKilled:
      return {};
    case Fate::kNoProperty:
      return "of the selected ones";
    case Fate::kTimedOut:
      return fmt::format("after {}, the altered line ran in {}{}", plural(cases(), "case"),
                         plural(reached(), "check"), more);
    case Fate::kSurvived:
      return fmt::format("{}, the altered line ran in {}{}", plural(cases(), "case"),
                         plural(reached(), "check"), more);
    case Fate::kNotReached:
      return fmt::format("{}, the altered line never ran{}", plural(cases(), "case"), more);
  }
  return {};
}

std::int64_t Card::killed() const {
  return std::count_if(bugs.begin(), bugs.end(),
                       [](const CardBug& bug) { return bug.fate() == Fate::kKilled; });
}

int Card::exit_code() const {
  const bool survivor = std::any_of(
      bugs.begin(), bugs.end(), [](const CardBug& bug) { return bug.fate() == Fate::kSurvived; });
  if (survivor) return 1;
  return interrupted || killed() < static_cast<std::int64_t>(bugs.size()) ? 2 : 0;
}

std::string_view family_of(const properties::Property& property) {
  return property.id.substr(0, property.id.find('.'));
}

std::vector<std::string_view> families_of(const Card& card) {
  std::vector<std::string_view> families;
  for (const properties::Property* property : card.properties) {
    const std::string_view family = family_of(*property);
    if (std::find(families.begin(), families.end(), family) == families.end()) {
      families.push_back(family);
    }
  }
  return families;
}

FamilyResult family_result(const CardBug& bug, std::string_view family) {
  FamilyResult result;
  for (const CardPair& pair : bug.pairs) {
    if (family_of(*pair.property) != family) continue;
    ++result.applies;
    if (pair.reached > 0) ++result.reaches;
    if (pair.killed_at) ++result.kills;
  }
  return result;
}

std::vector<std::int64_t> cases_to_first_kill(const Card& card) {
  std::vector<std::int64_t> cases;
  for (const CardBug& bug : card.bugs) {
    if (bug.first) cases.push_back(bug.first->cases);
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::vector<const properties::Property*> idle_properties(const Card& card) {
  std::vector<const properties::Property*> idle;
  for (const properties::Property* property : card.properties) {
    const bool kills = std::any_of(card.bugs.begin(), card.bugs.end(), [&](const CardBug& bug) {
      const CardPair* pair = pair_of(bug, *property);
      return pair != nullptr && pair->killed_at;
    });
    if (!kills) idle.push_back(property);
  }
  return idle;
}

std::vector<Sole> killed_by_one_family(const Card& card) {
  std::vector<Sole> soles;
  for (const std::string_view family : families_of(card)) {
    Sole sole{family, {}};
    for (const CardBug& bug : card.bugs) {
      const std::int64_t here = family_result(bug, family).kills;
      if (here > 0 && here == bug.kills()) sole.bugs.push_back(&bug);
    }
    if (!sole.bugs.empty()) soles.push_back(std::move(sole));
  }
  return soles;
}

std::vector<Claim> claims(const Card& card) {
  std::vector<Claim> all;
  for (const properties::Property* property : card.properties) {
    Claim claim{property, {}, {}, {}};
    const std::vector<std::string> named = split_names(property->kills);
    for (const CardBug& bug : card.bugs) {
      const CardPair* pair = pair_of(bug, *property);
      const bool killed = pair != nullptr && pair->killed_at;
      const bool is_named = kernels::is_planted(bug.kernel) &&
                            std::find(named.begin(), named.end(), bug.name()) != named.end();
      if (is_named) (killed ? claim.met : claim.unmet).push_back(bug.name());
      if (killed && !is_named) claim.killed_unnamed.push_back(bug.name());
    }
    all.push_back(std::move(claim));
  }
  return all;
}

}  // namespace attest::campaign
