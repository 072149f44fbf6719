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
    {"oracle.output", 0x1ef1f8534c288138ull},
    {"oracle.lse", 0x4aacf5d8617bb43full},
    {"oracle.state", 0x3ca5c3a7095fda25ull},
    {"causality.future_poison", 0xabf09eb3f577c642ull},
    {"causality.row_is_decode", 0x39b308ec336e7c16ull},
    {"causality.token_by_token", 0x7f09b398a8d875faull},
    {"window.outside_inaudible", 0x2d262ed20593507ull},
    {"window.edge", 0xc1c3354e3af87f25ull},
    {"window.wide_is_none", 0x16a310aa52f182b1ull},
    {"window.slice", 0x6d49aea718f76b43ull},
    {"padding.page_tail", 0x9dbf8ef8c81ff2beull},
    {"padding.free_pages", 0x99e1778507800e71ull},
    {"padding.table_tail", 0x44d418259b4f786cull},
    {"padding.workspace", 0x20d46d0ab2b026ffull},
    {"padding.output", 0x3502f5871f4b6dc8ull},
    {"chunking.split", 0xc79d8005b51acbf3ull},
    {"chunking.append_then_attend", 0xff4571d1bd6e1938ull},
    {"monoid.identity", 0x615e9b9aeae29ebcull},
    {"monoid.commutative", 0x5ae5a316823a2025ull},
    {"monoid.tree", 0x9adae8fc1abd5edcull},
    {"monoid.in_place", 0xaa7fc6ca9cde6c56ull},
    {"partition.cuts", 0xf520b27c02ffda9ull},
    {"partition.num_splits", 0xeb1629d4d84440ebull},
    {"paging.relocation", 0xbbf708077ee1e979ull},
    {"paging.page_size", 0xf4a2912390ee4b19ull},
    {"paging.layout", 0xe72c50125b117e29ull},
    {"paging.shared_prefix", 0x18550ab1b1a815b9ull},
    {"batch.alone", 0x274bc6a13cf4ba0bull},
    {"batch.order", 0xbe60250f98a90ef7ull},
    {"heads.gqa_is_mha", 0x21d414d52a1afdcbull},
    {"heads.alone", 0xe1cc648e5cdecee3ull},
    {"heads.permutation", 0x62fd3a6e72d725bcull},
    {"algebra.constant_v", 0xe74849426247da53ull},
    {"algebra.zero_q_is_mean", 0x4696cfe1440da1adull},
    {"algebra.hull", 0x2725a9da94e3d345ull},
    {"algebra.single_key", 0xa4b569e61ae32c2bull},
    {"algebra.scale_v", 0x2d34f5f4e60194c6ull},
    {"algebra.permute_keys", 0x375c5a9d6cb5f884ull},
    {"memory.written", 0xc5fe233ecafabd85ull},
    {"memory.append", 0xe1a09919f4524633ull},
    {"determinism.run_to_run", 0x2df114f3622125aeull},
    {"determinism.after_other", 0x1995a07732a90e87ull},
    {"refusal.inside_is_served", 0x66fdc3c78ed1099cull},
    {"refusal.outside_is_refused", 0xaa62b7579d48d5d0ull},
};

/// 0 for a property without an entry.
inline std::uint64_t golden_hash(std::string_view property) {
  const auto found =
      std::find_if(std::begin(kGoldenHashes), std::end(kGoldenHashes),
                   [property](const GoldenHash& golden) { return golden.property == property; });
  return found == std::end(kGoldenHashes) ? 0 : found->hash;
}

}  // namespace attest::tests
