// `attest list`: what there is to run.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_info.h"
#include "properties/property.h"

namespace attest::campaign {

/// A paragraph per kernel: operations, types, layouts, features, promises.
std::string list_kernels(const std::vector<kernels::KernelInfo>& kernels);

/// A line per property and one with its claim.
std::string list_properties(const std::vector<const properties::Property*>& properties);

}  // namespace attest::campaign
