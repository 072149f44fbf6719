// Cases of oracle.output whose shapes are somebody else's, for bench_campaign_speed.
#pragma once

#include <cstdint>

#include "problem/case.h"

namespace attest::bench {

/// Number k of llama.cpp's FLASH_ATTN_EXT test (test-backend-ops): 113 to 1024 keys, head size 40
/// to 256, 1 to 75 queries; q, K and V of one type.
problem::Case llama_case(std::uint64_t k, problem::DType type);

/// A decode of 1 to 3 sequences of 1 to 200 keys with 1 to 4 heads, head size 32 or 64, pages of 8
/// to 32 in vLLM's layout.
problem::Case paged_case(std::uint64_t k, problem::DType type);
/// A prefill of 1 or 2 sequences of as many keys, the last rows of each, head size 32 or 64.
problem::Case prefill_case(std::uint64_t k, problem::DType type);

}  // namespace attest::bench
