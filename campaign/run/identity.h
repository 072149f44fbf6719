// Whether two runs draw and judge the same cases, and in which order those stand.
#pragma once

#include <cstddef>
#include <string>

#include "campaign/run/record.h"

namespace attest::campaign {

/// What differs first in two identities, "the seed (0x1 and 0x2)", or nothing. Where a plug-in lies
/// is no difference when its file is the same.
std::string first_difference(const RunIdentity& a, const RunIdentity& b);

/// Where the pair stands among those of the run: kernel by kernel, properties in their order.
/// Unknown ones come last.
std::size_t position_of(const RunIdentity& identity, const std::string& kernel,
                        const std::string& property);

}  // namespace attest::campaign
