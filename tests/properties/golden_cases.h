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
    {"oracle.output", 0x271064d778b14678ull},
    {"oracle.lse", 0xadf9b180ad9a9c5dull},
    {"oracle.small_scope", 0xe0fb94c9d5afb81dull},
    {"oracle.state", 0x773646b791254a2dull},
    {"causality.future_poison", 0xc1ad68b5f7a13e21ull},
    {"causality.row_is_decode", 0x3a2150172ef5ab59ull},
    {"causality.token_by_token", 0xa28eb911bb39234aull},
    {"window.outside_inaudible", 0x1117c782b2919e4eull},
    {"window.edge", 0xd32c98b27db923c4ull},
    {"window.wide_is_none", 0x5464d8f67438f78aull},
    {"window.slice", 0xc699d218bc079c9eull},
    {"padding.page_tail", 0xd7ee3a8438270a27ull},
    {"padding.free_pages", 0x2eb60755925cb72bull},
    {"padding.table_tail", 0x2a935fb36c39bf4cull},
    {"padding.workspace", 0xbaeb7d551d7d5f42ull},
    {"padding.output", 0x3349e8cbf7c1d6b1ull},
    {"chunking.split", 0x10e1ddbb5f11e3deull},
    {"chunking.append_then_attend", 0x2cb710a8f216d04aull},
    {"chunking.append_attend", 0xb25efb94fd4f3f25ull},
    {"chunking.rotary", 0xd567fb408e4dba3aull},
    {"chunking.rotary_cache", 0xa19ebcacd35f76caull},
    {"monoid.identity", 0x36ae7c48a9c9a582ull},
    {"monoid.commutative", 0xc571e27793701313ull},
    {"monoid.tree", 0x5914a0d31218650bull},
    {"monoid.in_place", 0x69982e51b78777beull},
    {"partition.cuts", 0xc6ab472a7a3b57bull},
    {"partition.num_splits", 0x12b1cae4954d9797ull},
    {"paging.relocation", 0xf91f26512d5e6c8full},
    {"paging.high_ids", 0x3cc6ff3b342d75cdull},
    {"paging.page_size", 0x7b008c7d9a63c3e1ull},
    {"paging.layout", 0x7abc1a42c7a7af53ull},
    {"paging.shared_prefix", 0x201bdea0045f3bffull},
    {"batch.alone", 0x290950b14f3f228bull},
    {"batch.order", 0x61587c372c66004bull},
    {"heads.gqa_is_mha", 0xa1a3653d0aaf5298ull},
    {"heads.alone", 0x7648dfa04faa1fdbull},
    {"heads.permutation", 0xc5c2de45c9211545ull},
    {"algebra.constant_v", 0x39ee25299684ecf4ull},
    {"algebra.zero_q_is_mean", 0x4d23e754109bcefbull},
    {"algebra.hull", 0xc2ec47ed5fde1e4dull},
    {"algebra.single_key", 0x7f60f4a137a5880full},
    {"algebra.scale_v", 0x140573dc5b11062eull},
    {"algebra.permute_keys", 0x1eca29931384ed7cull},
    {"features.heard", 0x63431e2d4b3160deull},
    {"features.softcap_high", 0x27564e2d9638a5e7ull},
    {"features.alibi_zero", 0x953bf6d468d1c7faull},
    {"features.sink_off", 0x9d97cf08c1902fd5ull},
    {"features.bias_zero", 0x3535d15ccaae00d0ull},
    {"features.custom_ones", 0xa42ef6ece7939efcull},
    {"features.chunk_wide", 0x58a4ef52fa3463b1ull},
    {"features.scales_one", 0x741d90e50ea85a2eull},
    {"features.scales_folded", 0xc3ac793757e79d61ull},
    {"memory.written", 0xfd4aa96bb9815220ull},
    {"memory.append", 0x54db94e0cf2df9e8ull},
    {"memory.append_when_full", 0xb75e794f0de3759bull},
    {"cache.program", 0x38da33775568cf1aull},
    {"cache.fork", 0xb0997f77b2b9639dull},
    {"cache.rollback", 0xd4a7c7c46f1f44deull},
    {"cache.reuse", 0xbafff212c07e2457ull},
    {"cache.eviction", 0xe2a7c84192163900ull},
    {"determinism.run_to_run", 0xf6056896e5132290ull},
    {"determinism.after_other", 0xe3efc9c68ee039full},
    {"determinism.plan_reused", 0x7a21142d71ad1c18ull},
    {"refusal.inside_is_served", 0x306d63a13915594eull},
    {"refusal.outside_is_refused", 0x765d1228d64894a8ull},
};

/// 0 for a property without an entry.
inline std::uint64_t golden_hash(std::string_view property) {
  const auto found =
      std::find_if(std::begin(kGoldenHashes), std::end(kGoldenHashes),
                   [property](const GoldenHash& golden) { return golden.property == property; });
  return found == std::end(kGoldenHashes) ? 0 : found->hash;
}

}  // namespace attest::tests
