// Textbook attention: per row all scores, their maximum, the softmax over the visible keys in a
// second pass, then P V. Every mask, modifier, layout and form of scales of the contract. A sibling
// takes its pages and lengths from the CSR form of the block table.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/mask.h"
#include "kernels/cpu/scales.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

inline constexpr std::uint64_t kDenseFeatures =
    kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT |
    ATTEST_FEATURE_WINDOW_RIGHT | ATTEST_FEATURE_ATTENTION_CHUNK | ATTEST_FEATURE_TREE |
    ATTEST_FEATURE_CUSTOM_MASK | ATTEST_FEATURE_BIAS | ATTEST_FEATURE_SINK | ATTEST_FEATURE_SCALES |
    ATTEST_FEATURE_V_IS_K_PREFIX;

template <typename T, bool kCsr>
inline constexpr attest_capabilities kDenseCapabilities =
    kCsr ? cpu_capabilities<T>(kEveryPaged | kLatent, kDenseFeatures | ATTEST_FEATURE_TABLE_CSR)
         : cpu_capabilities<T>(kContiguous | kPadded | kEveryPaged | kLatent, kDenseFeatures);

/// The steps that a planted kernel may replace.
struct DenseSteps : ScaleSteps {
  static constexpr bool kCsr = false;

  template <typename T>
  using Cursor = KvCursor<T>;

  static Sequence sequence(const attest_attend& call, std::int64_t b) {
    return sequence_at(call, b);
  }

  /// Modified score of a key, -inf where the row may not see it. The mask comes last: softcap would
  /// turn -inf into -softcap.
  template <typename T>
  static Compute<T> masked_score(const Scorer<T>& scorer, Compute<T> scaled_dot,
                                 std::int64_t key_position, bool visible) {
    return visible ? scorer.modified(scaled_dot, key_position) : kMinusInfinity<Compute<T>>;
  }
};

/// Pages from block_indptr and block_indices, and kv_len from how many there are and how full the
/// last one is.
struct DenseCsrSteps : DenseSteps {
  static constexpr bool kCsr = true;

  template <typename T>
  using Cursor = KvCursor<T, TableCsr>;

  static Sequence sequence(const attest_attend& call, std::int64_t b) {
    Sequence sequence = sequence_at(call, b);
    const std::int64_t pages = call.block_indptr.host[b + 1] - call.block_indptr.host[b];
    sequence.kv_len = pages == 0 ? 0 : (pages - 1) * call.page_size + call.last_page_len.host[b];
    return sequence;
  }
};

/// Additive bias of (head, row, key) of one sequence; the sequence's bias is [num_q_heads, q_len,
/// kv_len], or [1, q_len, kv_len] for all heads.
class SequenceBias {
 public:
  SequenceBias(const attest_attend& call, const Sequence& sequence) : call_(call) {
    if (call.bias.data == nullptr) return;
    const std::int32_t* first = call.bias_indptr.host + sequence.index;
    first_ = first[0];
    row_size_ = sequence.kv_len;
    const std::int64_t plane = sequence.q_len * sequence.kv_len;
    head_size_ = first[1] - first[0] == plane * call.num_q_heads ? plane : 0;
  }

  float at(std::int64_t head, std::int64_t row, std::int64_t key) const {
    if (call_.bias.data == nullptr) return 0;
    return element<float>(call_.bias, first_ + head * head_size_ + row * row_size_ + key);
  }

 private:
  const attest_attend& call_;
  std::int64_t first_ = 0;
  std::int64_t head_size_ = 0;
  std::int64_t row_size_ = 0;
};

template <typename T, typename Steps>
attest_status dense_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kDenseCapabilities<T, Steps::kCsr>, *call, report, [&]() -> attest_status {
    using C = Compute<T>;
    std::vector<C> scores;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = Steps::sequence(*call, b);
      const SequenceMask mask(*call, sequence);
      const SequenceBias bias(*call, sequence);
      const typename Steps::template Cursor<T> kv(*call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
          const std::int64_t out_row = sequence.first_row + row;
          const std::int64_t kv_head = kv_head_of(*call, head);
          const Scorer<T> scorer(*call, out_row, head, mask.query_position(row),
                                 Steps::template score_scale<C>(*call, b, head));

          // Pass 1: scores and their maximum, the sink's among them. Invisible keys are not read.
          const C sink = sink_of<T>(*call, head);
          C max = sink;
          scores.assign(static_cast<std::size_t>(sequence.kv_len), kMinusInfinity<C>);
          for (std::int64_t key = 0; key < sequence.kv_len; ++key) {
            const C addend = static_cast<C>(bias.at(head, row, key));
            const bool visible = mask.visible(row, key) && addend != kMinusInfinity<C>;
            const C dot = visible ? scorer.scaled_dot(kv.k(key, kv_head)) : kMinusInfinity<C>;
            C score = Steps::masked_score(scorer, dot, mask.key_position(key), visible);
            if (visible) score += addend;
            scores[static_cast<std::size_t>(key)] = score;
            max = larger(max, score);
          }

          // Pass 2: the softmax and its sum, then the output lane by lane.
          C sum = sink == kMinusInfinity<C> ? C{0} : std::exp(sink - max);
          for (C& score : scores) {
            if (score == kMinusInfinity<C>) continue;  // from here on: the weight of the key
            score = std::exp(score - max);
            sum += score;
          }
          const Lanes<Output<T>> o = lanes<Output<T>>(call->o, out_row, head);
          const OutputScales<C> scales = output_scales<C, Steps>(*call, b, head);
          for (std::int64_t lane = 0; lane < call->head_dim_v; ++lane) {
            C weighted = 0;
            for (std::int64_t key = 0; key < sequence.kv_len; ++key) {
              const C weight = scores[static_cast<std::size_t>(key)];
              if (weight == kMinusInfinity<C>) continue;
              weighted += weight * widened<C>(kv.v(key, kv_head)[lane]);
            }
            o[lane] = rounded<Output<T>>(sum == 0 ? C{0} : scales.apply(weighted / sum));
          }
          if (C* lse = element<C>(call->lse, out_row, head)) {
            *lse = sum == 0 ? kMinusInfinity<C> : max + std::log(sum);
          }
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = DenseSteps>
constexpr attest_kernel dense(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kDenseCapabilities<T, Steps::kCsr>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.tile = kWholeRow;  // two passes
  kernel.numerics.max_splits = 1;
  kernel.attend = &dense_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
