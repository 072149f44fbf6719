// The counting of kernels/simt/pattern.h. Internal to check/.
#pragma once

#include <cstddef>

#include "kernels/simt/check/shadow.h"

namespace attest::simt::check {

/// Whether accesses are counted.
extern bool counting;

/// An access of the running thread.
void count_access(const void* p, std::size_t bytes, Code code, bool write);
/// What the threads of a block did together, and nobody can join any more.
void count_block();

}  // namespace attest::simt::check
