// Known failures that do not turn CI red, each with a reason, an owner and an end. A list in JSON:
//
//   [{"property": "oracle.lse", "kernel": "mine/*", "reason": "issue 12", "owner": "ada",
//     "expires": "2027-01-31"}]
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

struct Waiver {
  std::string property;  ///< a glob over ids, or a family
  std::string kernel;    ///< a glob over names
  std::string reason, owner;
  std::chrono::sys_days expires;  ///< the last day on which it covers
};

/// Throws: CorpusError with one line: every field is there and not empty, no other one is, and the
/// day exists.
std::vector<Waiver> parse_waivers(std::string_view text, const std::string& path);
std::vector<Waiver> read_waivers(const std::filesystem::path& path);

/// Today, UTC.
std::chrono::sys_days today();

/// Marks the failures and failing stored cases that a waiver in force covers, and notes each waiver
/// that did not do what it is for: it has expired (and covers nothing), it matches nothing that was
/// run, or all it matches was judged and passes. Replaces what the record said of waivers before.
void apply_waivers(RunRecord& record, std::span<const Waiver> waivers, std::chrono::sys_days today);

}  // namespace attest::campaign
