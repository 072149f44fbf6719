// The report card of planted bugs: what every property made of every one of them. Data and what
// follows from it; mutants.h fills it in, card_files.h writes it down.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/property.h"

namespace attest::campaign {

/// What became of a planted bug. Only the first is good news.
enum class Fate : std::uint8_t {
  kKilled,
  kSurvived,    ///< the line that makes it wrong ran, and nothing noticed
  kNotReached,  ///< that line never ran, so nothing was tested
  kNoProperty,  ///< no selected property applies
  kTimedOut,    ///< the time ended before its cases were done
};
std::string_view name_of(Fate fate);  ///< "killed", "survived", "not reached", ...

/// One property on one bug. A kill is a failure that comes back on a fresh kernel process, the
/// altered line having run both times. It ends the pair; nothing else does, but too many failures
/// that are no kills.
struct CardPair {
  const properties::Property* property = nullptr;
  std::int64_t cases = 0;                  ///< drawn
  std::int64_t judged = 0;                 ///< checks with a verdict
  std::int64_t reached = 0;                ///< checks in which the altered line ran
  std::optional<std::uint64_t> killed_at;  ///< number of the case that killed
  std::string failure_class;               ///< of the kill: "value", "crash", ...
  /// Failures that do not count: the altered line did not run; not again on a fresh process.
  std::int64_t unreached_failures = 0, flaky_failures = 0;
};

struct FirstKill {
  std::size_t pair = 0;    ///< index into CardBug::pairs
  std::int64_t cases = 0;  ///< drawn up to and including it, properties taking turns case by case
  double seconds = 0;      ///< until then
  problem::Case minimal;
  problem::Verdict verdict;    ///< of `minimal`
  std::string why_not_shrunk;  ///< empty when shrunk
  std::filesystem::path path;
  std::string why_not_saved;  ///< empty when saved
};

struct CardBug {
  kernels::KernelInfo kernel;
  std::vector<CardPair> pairs;  ///< every selected property that applies
  std::optional<FirstKill> first;
  double seconds = 0;  ///< all of it
  bool ran_out_of_time = false;
  std::string cannot_run;  ///< why the kernel could not be opened; empty when it was

  Fate fate() const;
  /// One line that says why it was not killed. Empty when it was.
  std::string reason() const;
  /// Sums over the pairs.
  std::int64_t cases() const, reached() const, kills() const;
  /// "planted/" is left out of built-in names. Safe to print.
  std::string name() const;
};

struct Card {
  std::vector<const properties::Property*> properties;  ///< selected
  std::vector<CardBug> bugs;                            ///< selected: the denominator
  std::uint64_t seed = 0;
  std::optional<std::int64_t> cases;  ///< per pair at most; unset: as many as the time allowed
  int jobs = 1;
  std::chrono::milliseconds elapsed{0};
  bool interrupted = false;
  std::string broken;       ///< why it ended early, other than by an interrupt
  std::string not_written;  ///< the first thing that could not be written, and why

  /// 0 all are killed, 1 one survived, 2 none survived but not all are killed.
  int exit_code() const;
  std::int64_t killed() const;
};

std::string_view family_of(const properties::Property& property);
/// Families of the selected properties, in their order.
std::vector<std::string_view> families_of(const Card& card);

/// What a family did to a bug.
struct FamilyResult {
  std::int64_t applies = 0, reaches = 0, kills = 0;  ///< properties
};
FamilyResult family_result(const CardBug& bug, std::string_view family);

/// Cases to the first kill of every killed bug, ascending.
std::vector<std::int64_t> cases_to_first_kill(const Card& card);

/// Properties that kill no bug of the card.
std::vector<const properties::Property*> idle_properties(const Card& card);

/// Bugs that the properties of one family alone kill.
struct Sole {
  std::string_view family;
  std::vector<const CardBug*> bugs;
};
std::vector<Sole> killed_by_one_family(const Card& card);

/// What a property says it kills (Property::kills), of the bugs of the card.
struct Claim {
  const properties::Property* property;
  std::vector<std::string> met, unmet;      ///< named and killed; named and not killed
  std::vector<std::string> killed_unnamed;  ///< killed, not named
};
/// Of every selected property.
std::vector<Claim> claims(const Card& card);

}  // namespace attest::campaign
