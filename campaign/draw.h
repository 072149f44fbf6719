// The parts of a case as text for one screen, at most 100 columns wide. What does not fit is left
// out, and how much was left out is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problem/case.h"
#include "problem/inputs.h"
#include "problem/verdict.h"
#include "properties/harness.h"

namespace attest::campaign {

inline constexpr std::size_t kScreenColumns = 100;

/// Which of `count` items are drawn: all up to `most`, else the first and the last of them and, in
/// between, some around `focus`. Ascending.
std::vector<std::int64_t> shown_items(std::int64_t count, std::int64_t most,
                                      std::int64_t focus = -1);

/// Sizes, types and what is switched on.
std::string draw_problem(const problem::Case& value);

/// A grid per sequence: rows x keys, '#' visible, '.' hidden, a letter where a hidden key is
/// poisoned; bars stand at page boundaries and '>' marks the row of the first bad element.
std::string draw_masks(const problem::Case& value, const std::optional<problem::Where>& where);

/// Block table and pool: which sequence has which page, what is shared, free, poisoned.
std::string draw_storage(const problem::Case& value, const std::optional<problem::Where>& where);

/// Of a program: its pool, its calls one by one and the pages each leaves behind.
std::string draw_program(const problem::Case& value);

/// Chunks, parts and merge steps; nothing when the call is made in one piece.
std::string draw_plan(const problem::Case& value);

/// Each poison and the places it fills; nothing without any.
std::string draw_poisons(const problem::Case& value);

/// The recipe and, as far as they fit, the contents of q, k, v and the bias.
std::string draw_values(const problem::Case& value);

/// Expected and got of the first call of a check, with bounds; '>' marks the bad element.
std::string draw_results(const properties::Trace& trace, const problem::Verdict& verdict,
                         double lse_unit);

}  // namespace attest::campaign
