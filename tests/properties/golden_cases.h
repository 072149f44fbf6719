// What the generators of kGoldenGeneratorVersion draw with seed 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace attest::tests {

inline constexpr int kGoldenGeneratorVersion = 4;

struct GoldenHash {
  std::string_view property;
  std::uint64_t hash;  ///< XXH64, chained, of the case lines 0 to 19 for the first kernel it fits
};

inline constexpr GoldenHash kGoldenHashes[] = {
    {"oracle.output", 0xb1a2822bbafea430ull},
    {"oracle.lse", 0x11836e2a8740f427ull},
    {"oracle.small_scope", 0xde7c4f698e4c7985ull},
    {"oracle.state", 0x7ba1c65b8098e51aull},
    {"causality.future_poison", 0x41d71dd8da07d630ull},
    {"causality.row_is_decode", 0xf4247b33039680f0ull},
    {"causality.token_by_token", 0x8b34ed2bfb71454eull},
    {"window.outside_inaudible", 0x5f981fba93ea220eull},
    {"window.edge", 0x86c0bcb3e161aadull},
    {"window.wide_is_none", 0xea30fccda20ef27bull},
    {"window.slice", 0x8ae79998e29663deull},
    {"padding.page_tail", 0x514969f8edd289eull},
    {"padding.free_pages", 0x9b1c959a0611032bull},
    {"padding.table_tail", 0x6f0f6fdd86b549e8ull},
    {"padding.workspace", 0x907e53b8ef3c4e1bull},
    {"padding.output", 0xcc948b624d6b8a00ull},
    {"chunking.split", 0xd703ed76765389a6ull},
    {"chunking.append_then_attend", 0x7d7f42674c99ac03ull},
    {"chunking.append_attend", 0xd20c2d7e65675457ull},
    {"chunking.rotary", 0xd2216942f08a06deull},
    {"chunking.rotary_cache", 0x28dd7790d57e6ed8ull},
    {"monoid.identity", 0xc2caf7be71881965ull},
    {"monoid.commutative", 0xa037c30529f8f407ull},
    {"monoid.tree", 0x3d2d86e2b687d5f2ull},
    {"monoid.in_place", 0x62a89ac924b2d26ull},
    {"partition.cuts", 0x79512d07ae513e8eull},
    {"partition.num_splits", 0xbd53820d7d42b8baull},
    {"paging.relocation", 0xc1b20ba6d025837dull},
    {"paging.high_ids", 0xb8f8ad926c10bbe3ull},
    {"paging.page_size", 0xf84a7e1f697b7e45ull},
    {"paging.layout", 0xf9ecdf58d8b21827ull},
    {"paging.shared_prefix", 0xd503a61b5dc9e0cull},
    {"batch.alone", 0xab555f6942753bbcull},
    {"batch.order", 0xd7622eca587c7d95ull},
    {"heads.gqa_is_mha", 0x11c8e6abf622e70full},
    {"heads.alone", 0x7c1943d7d0931fdfull},
    {"heads.permutation", 0x945847e540f532a5ull},
    {"algebra.constant_v", 0x2fbdf3ac59ad1835ull},
    {"algebra.zero_q_is_mean", 0x4246d684dd11ce1dull},
    {"algebra.hull", 0x3e94b00bd0a25228ull},
    {"algebra.single_key", 0xcedcca0ea78f7ac0ull},
    {"algebra.scale_v", 0xda86ea71dc1c3694ull},
    {"algebra.permute_keys", 0xd845f9ca4e556624ull},
    {"features.heard", 0x1f24e8f476a2178aull},
    {"features.softcap_high", 0xba361a71f43abeeull},
    {"features.alibi_zero", 0x6021b1e2486f53c9ull},
    {"features.sink_off", 0x1c074f2ec5e0b560ull},
    {"features.bias_zero", 0xcad001b9f01871d9ull},
    {"features.custom_ones", 0xc4d8aaaea6f1c15bull},
    {"features.chunk_wide", 0xa6d2baecb203ba82ull},
    {"features.scales_one", 0xb0d47bcbc4be5ce2ull},
    {"features.scales_folded", 0x4b8875c154557474ull},
    {"memory.written", 0xfe1fc62986df1a45ull},
    {"memory.append", 0x7ac9ba7a76bc087cull},
    {"memory.append_when_full", 0x42953516c9f69c05ull},
    {"cache.program", 0x860d27a27c5b7042ull},
    {"cache.fork", 0x678a02307df9b623ull},
    {"cache.rollback", 0x9553dc8c28f65299ull},
    {"cache.reuse", 0x8d86a571b7b5863dull},
    {"cache.eviction", 0x867446e8e74e3d66ull},
    {"determinism.run_to_run", 0x88c736331b05cd9cull},
    {"determinism.after_other", 0xab12ff72b417979aull},
    {"determinism.schedule", 0xe19cb4d06a5f1f66ull},
    {"determinism.plan_reused", 0x369dba142b30059cull},
    {"determinism.graph", 0x25e828b9bd2dac20ull},
    {"refusal.inside_is_served", 0x623422d96badc375ull},
    {"refusal.outside_is_refused", 0x3fc7a5641c6c2989ull},
};

/// 0 for a property without an entry.
inline std::uint64_t golden_hash(std::string_view property) {
  const auto found =
      std::find_if(std::begin(kGoldenHashes), std::end(kGoldenHashes),
                   [property](const GoldenHash& golden) { return golden.property == property; });
  return found == std::end(kGoldenHashes) ? 0 : found->hash;
}

}  // namespace attest::tests
