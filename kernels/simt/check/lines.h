// From an address in the code to a line of the source, by the line tables (DWARF 2 to 4) of the
// module it is in. attest_add_cuda_kernel asks for DWARF 4 in mode check.
#pragma once

#include "kernels/simt/simt.h"

namespace attest::simt::check {

/// An empty file: the module has no such tables, or they say nothing of this address.
Place line_of(const void* address);

}  // namespace attest::simt::check
