// What the generators of kGoldenGeneratorVersion draw with seed 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace attest::tests {

inline constexpr int kGoldenGeneratorVersion = 1;

struct GoldenHash {
  std::string_view property;
  std::uint64_t hash;  ///< XXH64, chained, of the case lines 0 to 19 for the first kernel it fits
};

inline constexpr GoldenHash kGoldenHashes[] = {
    {"oracle.output", 0xb45e66780cbce89full},
    {"oracle.lse", 0x9fa7a1670fb5c829ull},
    {"oracle.state", 0xcdb27e9d99f44fe0ull},
    {"causality.future_poison", 0x85e0bee9a59bc6ceull},
    {"causality.row_is_decode", 0xae0573eb1225b48ull},
    {"causality.token_by_token", 0x5dbf96a19a3edd16ull},
    {"window.outside_inaudible", 0xe6f5656b966191b0ull},
    {"window.edge", 0x75ba4eb03e088e5eull},
    {"window.wide_is_none", 0x6f2586a0b9c8a0edull},
    {"window.slice", 0xba03e4a6ee02b512ull},
    {"padding.page_tail", 0x93ec984ce4d2681eull},
    {"padding.free_pages", 0x566b586c25c9e63dull},
    {"padding.table_tail", 0x800508367abb2822ull},
    {"padding.workspace", 0xed2f2069b6ba9ec8ull},
    {"padding.output", 0x934075a2da353f9full},
    {"chunking.split", 0x7d4baacd7a266078ull},
    {"chunking.append_then_attend", 0xf3ea44d872ed783full},
    {"monoid.identity", 0xc3278b995f964b11ull},
    {"monoid.commutative", 0xfbf70aec5d4f71b9ull},
    {"monoid.tree", 0xf6bd2d8538a9e57dull},
    {"monoid.in_place", 0xa0259d91cef7c8ffull},
    {"partition.cuts", 0x10e51fff9fce4808ull},
    {"partition.num_splits", 0x11cd842b3f0b1da4ull},
    {"paging.relocation", 0x3fbdeb5e390315e3ull},
    {"paging.page_size", 0x29887cf16293da25ull},
    {"paging.layout", 0x1a0a99f2fe461a42ull},
    {"paging.shared_prefix", 0x526b5f918a51c861ull},
    {"batch.alone", 0xb0d5caf6cf6980f7ull},
    {"batch.order", 0xd38a094d1909f150ull},
    {"heads.gqa_is_mha", 0x6ddce2504ac10774ull},
    {"heads.alone", 0x576180658b90e80aull},
    {"heads.permutation", 0xd347bcb9a812b8edull},
    {"algebra.constant_v", 0x50ad63fa5614f50bull},
    {"algebra.zero_q_is_mean", 0x2e34f187759cbb72ull},
    {"algebra.hull", 0xed36b32567e46e55ull},
    {"algebra.single_key", 0x2388588e932fdbb0ull},
    {"algebra.scale_v", 0xda712566f44e6bbcull},
    {"algebra.permute_keys", 0x18dc59bc3085152full},
    {"memory.written", 0x63fa73bd9d867c4ull},
    {"memory.append", 0x5d7f0a80f71e1a04ull},
    {"determinism.run_to_run", 0x48bfe0783acbb259ull},
    {"determinism.after_other", 0x14884b5d2dca706aull},
    {"refusal.inside_is_served", 0x860e7745bb78d3b6ull},
    {"refusal.outside_is_refused", 0xf679d518ac21e078ull},
};

/// 0 for a property without an entry.
inline std::uint64_t golden_hash(std::string_view property) {
  const auto found =
      std::find_if(std::begin(kGoldenHashes), std::end(kGoldenHashes),
                   [property](const GoldenHash& golden) { return golden.property == property; });
  return found == std::end(kGoldenHashes) ? 0 : found->hash;
}

}  // namespace attest::tests
