// The report card's run: every selected planted kernel against every property that applies.
#pragma once

#include <cstdint>

#include "campaign/campaign.h"
#include "campaign/card.h"

namespace attest::campaign {

/// Cases of a pair at most, unless --cases or --for say otherwise; with --for alone a bug that did
/// not get so many of each is not said to survive.
inline constexpr std::int64_t kDefaultMutantCases = 200;

/// Runs the card: a lane takes one bug after the other, draws case 0 of every property, then case 1
/// and so on, ends a pair at its first kill, and shrinks the first kill of the bug. With
/// `options.time` bugs get equal shares of it. Without it the card is the same on every run but for
/// its times, whatever the number of jobs, provided that no shrink needs longer than its limit.
/// Of `options`: kernels, properties, seed, cases, time, jobs, shrink, session and open. Saves
/// nothing (card_files.h).
/// Throws: NothingToDo without pairs; PluginError for a kernel of another device.
Card run_mutants(const Options& options);

}  // namespace attest::campaign
