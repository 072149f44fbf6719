// The table of family features, for property.cc.
#pragma once

#include <span>

#include "properties/property.h"

namespace attest::properties {

std::span<const Property> features_family();

}  // namespace attest::properties
