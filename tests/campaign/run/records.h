// Records of runs that never were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "campaign/run/record.h"

namespace attest::tests {

/// A finished run of `kernel` on oracle.output and oracle.lse: 10 cases each, all judged, all well.
campaign::RunRecord good_record(const std::string& kernel = "mine");

/// Lets `property` of the first kernel fail at case k, with the class `value`.
campaign::FailureRecord& add_failure(campaign::RunRecord& record, const std::string& property,
                                     std::uint64_t k);

/// What a hostile kernel might be called, and what it might say: terminal escapes, line breaks,
/// annotations and commands of GitHub, XML, Markdown, HTML, and bytes that are no UTF-8.
std::string nasty_text();

}  // namespace attest::tests
