// What became of each (kernel, property) pair and each stored case of a run, in words that every
// report for machines uses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

enum class Outcome : std::uint8_t { kHolds, kFails, kWaived, kNotJudged };

/// Texts are safe for a terminal (problem::printable) and for nothing else.
struct Check {
  std::string kernel, property;
  std::string stored;  ///< path of a stored case; empty: the drawn cases of a pair
  Outcome outcome = Outcome::kHolds;
  std::int64_t judged = 0;
  std::string kind;                  ///< of what failed: its class; else empty
  std::string message;               ///< why it fails or was not judged, one line; of a pass empty
  std::string waiver;                ///< reason
  std::vector<std::string> details;  ///< a line each: every signature, its case, suspicions
};

/// Pairs first, then stored cases, in the order of the record.
std::vector<Check> checks_of(const RunRecord& record);

/// Why a run has not said all that was asked, a line each: "broke: ...", "interrupted", "nothing of
/// mine/decode was judged".
std::vector<std::string> left_open(const RunRecord& record);

/// "oracle.lse fails on mine"
std::string heading(const Check& check);

}  // namespace attest::campaign
