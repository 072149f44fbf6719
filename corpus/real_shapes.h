// Attention shapes of models people serve, at lengths that run in seconds: where corpus/seeds/
// comes from. Heads, head dims, windows, caps and scales are the models' own; lengths are scaled
// down to page and window boundaries, and where a true window needs thousands of keys a batch is
// one rank of tensor parallelism. The note of each case names its source.
#pragma once

#include <string>
#include <vector>

#include "problem/case.h"

namespace attest::corpus {

struct NamedCase {
  std::string name;  ///< "llama-3-8b-decode"
  problem::Case value;
};

/// Every model as decode, chunked prefill and mixed batch, in a fixed order. Deterministic.
std::vector<NamedCase> real_shapes();

}  // namespace attest::corpus
