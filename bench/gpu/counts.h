// What a call has to compute and to move, counted from its shapes: what measured times are held
// against. No CUDA in it.
#pragma once

#include "kernels/attest_kernel.h"

namespace attest::bench {

struct Counts {
  double flops = 0;  ///< of matrix products over visible keys: a multiply-add is two
  double bytes = 0;  ///< each element that is read or written once, however often it is
};

/// Causal masks count, windows and other masks do not. Keys that no row sees are counted as read.
Counts counts_of(const attest_attend& call);
Counts counts_of(const attest_merge& merge);
Counts counts_of(const attest_append& append);

}  // namespace attest::bench
