// Cascade attention over a paged cache: sequences whose tables begin with the same pages attend to
// them together, each tile of the shared prefix being read once for all their rows; then each goes
// over its own suffix, and the two states are merged. The first stage finds the sharing in the
// block tables. How a row's keys are cut depends on its neighbours, so its last bits may, too.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/merge.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kCascadeCapabilities =
    cpu_capabilities<T>(kEveryPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers |
                                         ATTEST_FEATURE_WINDOW_LEFT);

/// The steps that a planted kernel may replace.
struct CascadeSteps : OnlineSoftmaxSteps, MergeSteps {
  /// Pages at the front that both sequences name and have filled.
  static std::int64_t common_pages(const attest_attend& call, std::int64_t a, std::int64_t b) {
    const std::int64_t most = std::min(call.kv_len.host[a], call.kv_len.host[b]) / call.page_size;
    std::int64_t pages = 0;
    while (pages < most && TableRows::page(call, a, pages) == TableRows::page(call, b, pages)) {
      ++pages;
    }
    return pages;
  }
};

/// Sequences that share the first `prefix` tokens, in batch order. A sequence on its own has 0.
struct SharingGroup {
  std::vector<std::int64_t> members;
  std::int64_t prefix = 0;
};

/// The plan step: every sequence in one group. A group is whoever has the first page of its first
/// member; its prefix is what all of them share.
template <typename Steps>
std::vector<SharingGroup> find_groups(const attest_attend& call) {
  std::vector<SharingGroup> groups;
  std::vector<bool> taken(static_cast<std::size_t>(call.batch));
  for (std::int64_t first = 0; first < call.batch; ++first) {
    if (taken[static_cast<std::size_t>(first)]) continue;
    SharingGroup& group = groups.emplace_back();
    group.members.push_back(first);
    std::int64_t shared_pages = 0;
    for (std::int64_t b = first + 1; b < call.batch; ++b) {
      const std::int64_t pages =
          taken[static_cast<std::size_t>(b)] ? 0 : Steps::common_pages(call, first, b);
      if (pages == 0) continue;
      shared_pages = group.members.size() == 1 ? pages : std::min(shared_pages, pages);
      group.members.push_back(b);
      taken[static_cast<std::size_t>(b)] = true;
    }
    group.prefix = shared_pages * call.page_size;
  }
  return groups;
}

/// Workspace: of every row and head the state over the prefix, then the one over the suffix:
/// o [2, total_q, num_q_heads, head_dim_v], lse [2, total_q, num_q_heads].
template <typename C>
class CascadeWorkspace {
 public:
  explicit CascadeWorkspace(const attest_attend& call)
      : numbers_(static_cast<C*>(call.workspace)),
        num_q_heads_(call.num_q_heads),
        head_dim_v_(call.head_dim_v),
        states_(call.total_q * call.num_q_heads) {}

  std::size_t bytes() const {
    return static_cast<std::size_t>(2 * states_ * (head_dim_v_ + 1)) * sizeof(C);
  }
  Lanes<C> o(std::int64_t level, std::int64_t row, std::int64_t head) const {
    return {numbers_ + index(level, row, head) * head_dim_v_, 1};
  }
  C* lse(std::int64_t level, std::int64_t row, std::int64_t head) const {
    return numbers_ + 2 * states_ * head_dim_v_ + index(level, row, head);
  }

 private:
  std::int64_t index(std::int64_t level, std::int64_t row, std::int64_t head) const {
    return level * states_ + row * num_q_heads_ + head;
  }

  C* numbers_;
  std::int64_t num_q_heads_;
  std::int64_t head_dim_v_;
  std::int64_t states_;
};

inline constexpr std::int64_t kCascadeTile = 16;

/// One head of all rows of `members` over keys [first, last), which are read through the table of
/// the first member. The states go to `level` of the workspace.
template <typename T, typename Steps>
void attend_level(const attest_attend& call, std::span<const std::int64_t> members,
                  std::int64_t first, std::int64_t last, std::int64_t head, std::int64_t level,
                  const CascadeWorkspace<Compute<T>>& workspace) {
  using C = Compute<T>;
  const KvCursor<T> kv(call, members.front());
  const std::int64_t kv_head = kv_head_of(call, head);
  std::vector<RunningRow<T, Steps>> states;
  for (const std::int64_t b : members) {
    const auto rows = static_cast<std::size_t>(sequence_at(call, b).q_len);
    states.insert(states.end(), rows, RunningRow<T, Steps>(call.head_dim_v));
  }
  for (std::int64_t tile = first; tile < last; tile += kCascadeTile) {
    const std::int64_t tile_end = std::min(tile + kCascadeTile, last);
    auto state = states.begin();
    for (const std::int64_t b : members) {
      const Sequence sequence = sequence_at(call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row, ++state) {
        const std::int64_t position = sequence.position(row);
        const std::int64_t begin = std::max(tile, window_begin(position, call.window_left));
        const std::int64_t end = call.causal != 0 ? std::min(tile_end, position + 1) : tile_end;
        const Scorer<T> scorer(call, sequence.first_row + row, head, position,
                               Steps::template score_scale<C>(call, b, head));
        for (std::int64_t key = begin; key < end; ++key) {
          state->add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
        }
      }
    }
  }
  auto state = states.begin();
  for (const std::int64_t b : members) {
    const Sequence sequence = sequence_at(call, b);
    for (std::int64_t row = 0; row < sequence.q_len; ++row, ++state) {
      const std::int64_t out_row = sequence.first_row + row;
      state->write(workspace.o(level, out_row, head), workspace.lse(level, out_row, head),
                   OutputScales<C>{});
    }
  }
}

/// The two states of every row of a sequence become its output.
template <typename T, typename Steps>
void merge_levels(const attest_attend& call, const Sequence& sequence, std::int64_t head,
                  const CascadeWorkspace<Compute<T>>& workspace) {
  using C = Compute<T>;
  std::vector<C> weights;
  for (std::int64_t row = 0; row < sequence.q_len; ++row) {
    const std::int64_t out_row = sequence.first_row + row;
    std::array<Part<C>, 2> parts;
    for (std::int64_t level = 0; level < 2; ++level) {
      const Lanes<C> o = workspace.o(level, out_row, head);
      parts[static_cast<std::size_t>(level)] = {{o.data, o.stride},
                                                *workspace.lse(level, out_row, head)};
    }
    merge_row<C, Steps>(std::span<const Part<C>>(parts), call.head_dim_v, weights,
                        lanes<Output<T>>(call.o, out_row, head),
                        element<C>(call.lse, out_row, head),
                        output_scales<C, Steps>(call, sequence.index, head));
  }
}

template <typename T>
attest_status cascade_plan(void*, const attest_attend* call, attest_plan_result* result,
                           attest_report* report) {
  return run_checked(kCascadeCapabilities<T>, *call, report, [&]() -> attest_status {
    result->num_splits = 0;
    result->workspace_bytes = CascadeWorkspace<Compute<T>>(*call).bytes();
    result->workspace_alignment = alignof(Compute<T>);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps>
attest_status cascade_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kCascadeCapabilities<T>, *call, report, [&]() -> attest_status {
    const CascadeWorkspace<Compute<T>> workspace(*call);
    if (!has_workspace(*call, workspace.bytes(), report)) return ATTEST_FAILED;
    const std::vector<SharingGroup> groups = find_groups<Steps>(*call);
    leave_path(report, static_cast<std::int64_t>(groups.size()) < call->batch ? "shared" : "alone");
    for (const SharingGroup& group : groups) {
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        attend_level<T, Steps>(*call, group.members, 0, group.prefix, head, 0, workspace);
        for (const std::int64_t b : group.members) {
          const Sequence sequence = sequence_at(*call, b);
          attend_level<T, Steps>(*call, std::span(&b, 1), group.prefix, sequence.kv_len, head, 1,
                                 workspace);
          merge_levels<T, Steps>(*call, sequence, head, workspace);
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = CascadeSteps>
constexpr attest_kernel cascade(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kCascadeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.promises = ATTEST_PROMISE_RUN_TO_RUN | ATTEST_PROMISE_VALIDATES |
                    ATTEST_PROMISE_REPORTS_PATH;  // not batch invariant
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 2;
  kernel.numerics.merge_levels = 1;
  kernel.numerics.merge_normalises = 1;
  kernel.plan = &cascade_plan<T>;
  kernel.attend = &cascade_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
