#pragma once

#include "properties/property.h"

/// Every token twice gives the same output: each weight halves, and there are two of each.
extern const attest::properties::Property repeated_keys;
