// What the generators of kGoldenGeneratorVersion draw with seed 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace attest::tests {

inline constexpr int kGoldenGeneratorVersion = 3;

struct GoldenHash {
  std::string_view property;
  std::uint64_t hash;  ///< XXH64, chained, of the case lines 0 to 19 for the first kernel it fits
};

inline constexpr GoldenHash kGoldenHashes[] = {
    {"oracle.output", 0x2876ccff649244feull},
    {"oracle.lse", 0xf02018f95129ce6ull},
    {"oracle.state", 0x5a4c2030e571554ull},
    {"causality.future_poison", 0x93debe7dde2f02f1ull},
    {"causality.row_is_decode", 0xeba25c2c3b7a9cb2ull},
    {"causality.token_by_token", 0x6a8f1cd433df08b9ull},
    {"window.outside_inaudible", 0xfd3e1536dd254949ull},
    {"window.edge", 0xc110e9dd32149d1ull},
    {"window.wide_is_none", 0x13bac9db548099b2ull},
    {"window.slice", 0xc2e1ae2dec04b03bull},
    {"padding.page_tail", 0xcfaee9b289852249ull},
    {"padding.free_pages", 0xf207f09937a17d99ull},
    {"padding.table_tail", 0x6f7c65ae1d16d9cull},
    {"padding.workspace", 0x6655fb84904dc3a3ull},
    {"padding.output", 0x7110a6c034afb561ull},
    {"chunking.split", 0xc979bb95f72d5782ull},
    {"chunking.append_then_attend", 0x2fc72de90e8db921ull},
    {"monoid.identity", 0x647e3f00cf25c482ull},
    {"monoid.commutative", 0xbce6774ff5e37c01ull},
    {"monoid.tree", 0x4cf31444d362e164ull},
    {"monoid.in_place", 0x6c70ebc60cf7262bull},
    {"partition.cuts", 0x393531cc16ab613aull},
    {"partition.num_splits", 0xa1b7de80d895628eull},
    {"paging.relocation", 0x5e4e6c9d3aa0c3e2ull},
    {"paging.page_size", 0x84360b5dc9331356ull},
    {"paging.layout", 0xe689637c7622a975ull},
    {"paging.shared_prefix", 0x704bcd696a1c8b98ull},
    {"batch.alone", 0x7f8a727f878f7873ull},
    {"batch.order", 0x485dcb1fa5ef63ull},
    {"heads.gqa_is_mha", 0x51d101973d1dff5bull},
    {"heads.alone", 0x162a6ee92801ff83ull},
    {"heads.permutation", 0x6d365997e83fa837ull},
    {"algebra.constant_v", 0x1f67c55d944bd4faull},
    {"algebra.zero_q_is_mean", 0xd54c6e74346b15e3ull},
    {"algebra.hull", 0xd9f190248a5870ebull},
    {"algebra.single_key", 0xfae4eaed3fa3b36bull},
    {"algebra.scale_v", 0xbee4c116d72f10a8ull},
    {"algebra.permute_keys", 0xeaeb329ac210010dull},
    {"memory.written", 0x1f55f41f78601f9bull},
    {"memory.append", 0x384b17dd0d42e770ull},
    {"determinism.run_to_run", 0x4dc5d76268f264ecull},
    {"determinism.after_other", 0x9f93c92f19197e8aull},
    {"refusal.inside_is_served", 0x9adeacedb58b89f8ull},
    {"refusal.outside_is_refused", 0xe720a4a94c9d31caull},
    {"paging.high_ids", 0x8c5a886cf05c3d69ull},
    {"features.heard", 0xf78e647c0c0a8b6full},
    {"features.softcap_high", 0xda1dfd6fcdad3594ull},
    {"features.alibi_zero", 0x5c8bd51a7af3028dull},
    {"features.sink_off", 0x4689125b84b919f9ull},
    {"features.bias_zero", 0xcd08960994e2081ull},
    {"features.custom_ones", 0x739e516b40935982ull},
    {"features.chunk_wide", 0x682947b848ed60bcull},
    {"features.scales_one", 0x7b6556a294e630bcull},
    {"features.scales_folded", 0x5bdee3e52b68f060ull},
    {"cache.program", 0x38da33775568cf1aull},
    {"cache.fork", 0xb0997f77b2b9639dull},
    {"cache.rollback", 0xd4a7c7c46f1f44deull},
    {"cache.reuse", 0xbafff212c07e2457ull},
    {"cache.eviction", 0xe2a7c84192163900ull},
};

/// 0 for a property without an entry.
inline std::uint64_t golden_hash(std::string_view property) {
  const auto found =
      std::find_if(std::begin(kGoldenHashes), std::end(kGoldenHashes),
                   [property](const GoldenHash& golden) { return golden.property == property; });
  return found == std::end(kGoldenHashes) ? 0 : found->hash;
}

}  // namespace attest::tests
