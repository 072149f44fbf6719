// Verification of speculative drafts: the last tokens of a sequence form a tree, and each draft
// sees the tokens before the tree, its ancestors and itself. A first stage packs the ancestors of
// every draft into bits and works out depths, both in the workspace; windows and ALiBi measure
// depth, not the order in which drafts lie in the cache. Sequences without a tree are plain causal
// ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kTreeVerifyCapabilities = cpu_capabilities<T>(
    kContiguous | kEveryPaged, ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_TREE |
                                   ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q |
                                   ATTEST_FEATURE_Q_LONGER | ATTEST_FEATURE_RAGGED | kAnyShapes |
                                   kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT);

/// The steps that a planted kernel may replace.
struct TreeVerifySteps : OnlineSoftmaxSteps {
  /// Where a window finds draft `draft` of a tree that starts at token `start`.
  static std::int64_t window_position(const attest_attend& /*call*/, std::int64_t start,
                                      std::int64_t /*draft*/, std::int64_t depth) {
    return start + depth;
  }
};

/// One sequence's tree, packed. Draft t is token start + t.
struct PackedTree {
  std::int64_t start = 0;  ///< kv_len when there is no tree
  std::int64_t size = 0;
  std::uint32_t* ancestors =
      nullptr;                    ///< [size, words]: bit a of row t: t descends from a, or is it
  std::int32_t* depth = nullptr;  ///< [size], 0 for roots

  static std::int64_t words(std::int64_t size) { return (size + 31) / 32; }

  bool sees(std::int64_t draft, std::int64_t other) const {
    return (ancestors[draft * words(size) + other / 32] >> (other % 32) & 1u) != 0;
  }
};

/// Drafts of sequence b.
inline std::int64_t tree_size(const attest_attend& call, std::int64_t b) {
  if (call.tree_indptr.count == 0) return 0;
  return call.tree_indptr.host[b + 1] - call.tree_indptr.host[b];
}

/// Numbers of four bytes that the packed tree of sequence b takes: its bits, then its depths.
inline std::int64_t packed_tree_room(const attest_attend& call, std::int64_t b) {
  const std::int64_t size = tree_size(call, b);
  return size * (PackedTree::words(size) + 1);
}

inline std::size_t packed_trees_bytes(const attest_attend& call) {
  std::int64_t room = 0;
  for (std::int64_t b = 0; b < call.batch; ++b) room += packed_tree_room(call, b);
  return static_cast<std::size_t>(room) * sizeof(std::uint32_t);
}

/// Packs the tree of a sequence into `room`. Parents come before their children.
inline PackedTree pack_tree(const attest_attend& call, const Sequence& sequence,
                            std::uint32_t* room) {
  PackedTree tree{.start = sequence.kv_len};
  tree.size = tree_size(call, sequence.index);
  if (tree.size == 0) return tree;
  const std::int64_t words = PackedTree::words(tree.size);
  tree.start = sequence.kv_len - tree.size;
  tree.ancestors = room;
  tree.depth = reinterpret_cast<std::int32_t*>(room + tree.size * words);
  const std::int32_t* parents = call.tree_parent.host + call.tree_indptr.host[sequence.index];
  for (std::int64_t draft = 0; draft < tree.size; ++draft) {
    std::uint32_t* const row = tree.ancestors + draft * words;
    const std::int64_t parent = parents[draft];
    if (parent < 0) {
      std::fill_n(row, words, 0u);
    } else {
      std::copy_n(tree.ancestors + parent * words, words, row);
    }
    row[draft / 32] |= 1u << (draft % 32);
    tree.depth[draft] = parent < 0 ? 0 : tree.depth[parent] + 1;
  }
  return tree;
}

template <typename T>
attest_status tree_verify_plan(void*, const attest_attend* call, attest_plan_result* result,
                               attest_report* report) {
  return run_checked(kTreeVerifyCapabilities<T>, *call, report, [&]() -> attest_status {
    result->num_splits = 0;
    result->workspace_bytes = packed_trees_bytes(*call);
    result->workspace_alignment = alignof(std::uint32_t);
    return ATTEST_OK;
  });
}

/// The keys of one row of one head: those before the tree, then the ancestors in it.
template <typename T, typename Steps>
void verify_row(const attest_attend& call, const Sequence& sequence, const PackedTree& tree,
                std::int64_t row, std::int64_t head, RunningRow<T, Steps>& state) {
  using C = Compute<T>;
  const KvCursor<T> kv(call, sequence.index);
  const std::int64_t kv_head = kv_head_of(call, head);
  const std::int64_t token = sequence.position(row);
  const std::int64_t draft = token - tree.start;
  const bool in_tree = draft >= 0 && draft < tree.size;
  const std::int64_t position = in_tree ? tree.start + tree.depth[draft] : token;
  const std::int64_t window =
      in_tree ? Steps::window_position(call, tree.start, draft, tree.depth[draft]) : token;
  const Scorer<T> scorer(call, sequence.first_row + row, head, position,
                         Steps::template score_scale<C>(call, sequence.index, head));
  const std::int64_t begin = window_begin(window, call.window_left);
  const std::int64_t end = std::min(tree.start, token + 1);
  state.reset();
  for (std::int64_t key = begin; key < end; ++key) {
    state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
  }
  if (!in_tree) return;
  for (std::int64_t other = 0; other <= draft; ++other) {
    if (!tree.sees(draft, other)) continue;
    const std::int64_t depth = tree.depth[other];
    if (Steps::window_position(call, tree.start, other, depth) < begin) continue;
    const std::int64_t key = tree.start + other;
    state.add(scorer(kv.k(key, kv_head), tree.start + depth), kv.v(key, kv_head));
  }
}

template <typename T, typename Steps>
attest_status tree_verify_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kTreeVerifyCapabilities<T>, *call, report, [&]() -> attest_status {
    using C = Compute<T>;
    if (!has_workspace(*call, packed_trees_bytes(*call), report)) return ATTEST_FAILED;
    leave_path(report, call->tree_indptr.count > 0 ? "tree" : "causal");
    RunningRow<T, Steps> state(call->head_dim_v);
    auto* room = static_cast<std::uint32_t*>(call->workspace);
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      const PackedTree tree = pack_tree(*call, sequence, room);
      room += packed_tree_room(*call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        const std::int64_t out_row = sequence.first_row + row;
        for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
          verify_row<T, Steps>(*call, sequence, tree, row, head, state);
          state.write(lanes<Output<T>>(call->o, out_row, head),
                      element<C>(call->lse, out_row, head),
                      output_scales<C, Steps>(*call, b, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = TreeVerifySteps>
constexpr attest_kernel tree_verify(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kTreeVerifyCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.plan = &tree_verify_plan<T>;
  kernel.attend = &tree_verify_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
