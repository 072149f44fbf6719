// Cases that passed with a suspicion are kept beside the failures, to be replayed.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/search.h"

namespace attest::campaign {

/// Folder inside the folder of failures.
inline constexpr std::string_view kSuspiciousFolder = "suspicious";

/// Saves a case file for each, as it was drawn, in the order of pairs. One that cannot be written
/// is noted.
std::vector<SuspiciousCase> file_suspicions(const Options& options, const std::vector<Pair>& pairs,
                                            const std::map<std::size_t, Found>& suspicious);

}  // namespace attest::campaign
