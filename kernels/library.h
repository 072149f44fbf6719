// Loads kernels into this process: for a forked child, and for --in-process. The supervisor never
// comes here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/attest_kernel.h"

namespace attest::kernels {

/// At most this many kernels in one plug-in.
inline constexpr std::size_t kMaxKernels = 1024;

/// The declarations a plug-in exports, as it wrote them. The library stays loaded for good.
/// Throws ContractError: cannot be loaded, symbol missing, other ABI, no kernels, sizes that are
/// nonsense.
std::vector<const attest_kernel*> load_library(const std::string& path);

/// The declaration of one kernel: of a plug-in, or built in when `library` is empty.
/// Throws ContractError.
const attest_kernel* load_kernel(const std::string& library, const std::string& name);

/// A symbol that a loaded plug-in exports; nullptr when it does not.
void* find_symbol(const std::string& library, const char* symbol);

/// A loaded plug-in's attest_defect_mark (attest_kernel.h); nullptr when it exports none, and for
/// the built-in kernels.
std::int32_t** find_defect_mark(const std::string& library);

}  // namespace attest::kernels
