// Multi-head latent attention in absorbed form, as DeepSeek's models decode: all query heads share
// one KV head, a latent vector per token with the rotary lanes behind it (512 + 64), and the values
// are the latent lanes of the keys themselves. Up-projections are folded into q before the call and
// into o after it. Tiles of 16 tokens are gathered through the block table once and then meet
// blocks of 8 heads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
constexpr attest_capabilities mla_decode_capabilities() {
  attest_capabilities capabilities =
      cpu_capabilities<T>(kLatent, kBothMasks | kAnyLengths | kAnyShapes |
                                       ATTEST_FEATURE_V_IS_K_PREFIX | ATTEST_FEATURE_SOFTCAP);
  capabilities.head_dim_qk = between(1, 576);
  capabilities.head_dim_v = between(1, 512);
  capabilities.num_kv_heads = between(1, 1);
  capabilities.group = between(1, 128);
  capabilities.q_len = between(1, 4);  // decode, or a few tokens of speculation
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kMlaDecodeCapabilities = mla_decode_capabilities<T>();

inline constexpr std::int64_t kLatentTile = 16;
inline constexpr std::int64_t kLatentHeads = 8;

/// The steps that a planted kernel may replace.
struct MlaDecodeSteps : OnlineSoftmaxSteps {};

/// Latent vectors of up to kLatentTile tokens, gathered.
template <typename T>
class LatentTile {
 public:
  explicit LatentTile(std::int64_t head_dim)
      : head_dim_(head_dim), latent_(static_cast<std::size_t>(kLatentTile * head_dim)) {}

  void load(const KvCursor<T>& kv, std::int64_t first, std::int64_t last) {
    for (std::int64_t key = first; key < last; ++key) {
      const auto from = kv.k(key, 0);
      for (std::int64_t lane = 0; lane < head_dim_; ++lane) {
        latent_[static_cast<std::size_t>((key - first) * head_dim_ + lane)] = from[lane];
      }
    }
  }
  /// Key j of the tile; its first head_dim_v lanes are its value.
  Lanes<const Cache<T>> row(std::int64_t j) const { return {latent_.data() + j * head_dim_, 1}; }

 private:
  std::int64_t head_dim_;
  std::vector<Cache<T>> latent_;
};

/// Heads [first_head, first_head + states.size()) of one row, over the keys it sees.
template <typename T, typename Steps>
void decode_latent(const attest_attend& call, const Sequence& sequence, std::int64_t row,
                   std::int64_t first_head, LatentTile<T>& latent,
                   std::span<RunningRow<T, Steps>> states) {
  using C = Compute<T>;
  const KvCursor<T> kv(call, sequence.index);
  const std::int64_t position = sequence.position(row);
  const std::int64_t end =
      call.causal != 0 ? std::min(sequence.kv_len, position + 1) : sequence.kv_len;
  std::array<C, kLatentTile> scores;
  for (RunningRow<T, Steps>& state : states) state.reset();
  for (std::int64_t tile = 0; tile < end; tile += kLatentTile) {
    const std::int64_t num_keys = std::min(kLatentTile, end - tile);
    latent.load(kv, tile, tile + num_keys);
    std::int64_t head = first_head;
    for (RunningRow<T, Steps>& state : states) {
      const Scorer<T> scorer(call, sequence.first_row + row, head, position,
                             Steps::template score_scale<C>(call, sequence.index, head));
      for (std::int64_t j = 0; j < num_keys; ++j) {
        scores[static_cast<std::size_t>(j)] = scorer(latent.row(j), tile + j);
      }
      const auto size = static_cast<std::size_t>(num_keys);
      state.add_tile(std::span<const C>(scores.data(), size), size,
                     [&](std::size_t j) { return latent.row(static_cast<std::int64_t>(j)); });
      ++head;
    }
  }
}

template <typename T, typename Steps>
attest_status mla_decode_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kMlaDecodeCapabilities<T>, *call, report, [&]() -> attest_status {
    using C = Compute<T>;
    LatentTile<T> latent(call->head_dim_qk);
    std::vector<RunningRow<T, Steps>> states(static_cast<std::size_t>(kLatentHeads),
                                             RunningRow<T, Steps>(call->head_dim_v));
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        const std::int64_t out_row = sequence.first_row + row;
        for (std::int64_t first = 0; first < call->num_q_heads; first += kLatentHeads) {
          const auto heads =
              static_cast<std::size_t>(std::min(kLatentHeads, call->num_q_heads - first));
          const std::span<RunningRow<T, Steps>> block(states.data(), heads);
          decode_latent<T, Steps>(*call, sequence, row, first, latent, block);
          std::int64_t head = first;
          for (const RunningRow<T, Steps>& state : block) {
            state.write(lanes<Output<T>>(call->o, out_row, head),
                        element<C>(call->lse, out_row, head),
                        output_scales<C, Steps>(*call, b, head));
            ++head;
          }
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = MlaDecodeSteps>
constexpr attest_kernel mla_decode(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kMlaDecodeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.tile = kLatentTile;
  kernel.numerics.max_splits = 1;
  kernel.attend = &mla_decode_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
