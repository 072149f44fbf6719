// Two kernels in the shapes of production ones, and 21 defects of the kind that threads make: one
// wrong line each. The same defect may be found by what it does to the numbers or by the executor.
#pragma once

#include <cstdint>

namespace simt_defects {

enum class Defect : std::uint8_t {
  kNone,
  // In paged decode:
  kNoBarrierAfterQuery,        ///< q is read from shared memory before all of it is there
  kNoBarrierInBlockSum,        ///< partial sums of warps are read before they are there
  kNoBarrierBeforeLogits,      ///< logits of other threads are read before they are there
  kNoBarrierBeforeReuse,       ///< the logits' buffer is overwritten with outputs too early
  kWriteBehindDynamicShared,   ///< each logit lands one slot too far
  kPaddingNeverWritten,        ///< logits behind the last token are read, if only to be masked
  kSumReadsUnwrittenWarps,     ///< all lanes read partial sums, of which there are few
  kDivergentBarrier,           ///< only threads with a token wait
  kShuffleInDivergentBranch,   ///< full mask where the last page's lanes have branched off
  kUnusedSlotsNotMasked,       ///< V of slots behind the last token is multiplied by 0
  kTreeReductionOneBarrier,    ///< the second barrier of each step is missing
  kReduceReadsUnwrittenParts,  ///< partitions behind a sequence's last are merged too
  kFullMaskInSmallBranch,      ///< if (lane < warps) with a full mask inside
  kShuffleOutsideMask,         ///< reads lane 0, which is not in the mask
  kPartitionsShareSlot,        ///< all partitions write their maximum to one place
  // In flash prefill:
  kKeyTileUnbounded,        ///< K is read past its end in the last tile
  kNoBarrierAfterTileLoad,  ///< tiles are read before all of them is there
  kRowOnePastTile,          ///< a row index reaches one row behind the tile
  kNoSyncwarp,              ///< P is exchanged within a warp without __syncwarp()
  kNoBarrierAtEndOfTile,    ///< the next tile overwrites one that is still read
  kCountWithoutAtomic,      ///< += by many threads
};
inline constexpr int kDefects = 21;
const char* name(Defect defect);

/// vLLM's decode over a paged cache, f32, one head size and page size. Device pointers.
/// q, out [sequences, heads, head_dim]; k [pages, kv_heads, head_dim / 4, page, 4];
/// v [pages, kv_heads, head_dim, page]; exp_sums, maxima [sequences, heads, partitions];
/// partial [sequences, heads, partitions, head_dim].
struct PagedCall {
  bool partitioned;
  int sequences, heads, kv_heads, head_dim, page, max_length, pages_per_sequence;
  float scale;
  float* out;
  float* partial;
  float* exp_sums;
  float* maxima;
  const float* q;
  const float* k;
  const float* v;
  const int* table;
  const int* lengths;
};
/// head_dim 32 with page 8, or 64 with 16. Returns CUDA's error code.
int run_paged(Defect defect, const PagedCall& call);
inline constexpr int kPartition = 64;

/// Tiles of 16 queries and 16 keys with online softmax. q, out [batch, heads, q_len, 32];
/// k, v [batch, kv_heads, kv_len, 32]. *tiles grows by 16 for each pair of tiles.
struct FlashCall {
  int batch, heads, kv_heads, q_len, kv_len;
  bool causal;
  float scale;
  float* out;
  const float* q;
  const float* k;
  const float* v;
  int* tiles;
};
int run_flash(Defect defect, const FlashCall& call);

inline bool in_flash(Defect defect) { return defect >= Defect::kKeyTileUnbounded; }

}  // namespace simt_defects
