// The small scope: every problem of up to 4 query rows and 4 keys, 2 heads, pages of 1 to 3, all
// masks, with keys from a handful of values. Most defects that depend on a shape show in a small
// one, and here none is left out by chance (Jackson's small scope hypothesis; RE2's exhaustive
// tester works so). Problems of equal settings are judged together, as the sequences of one batch.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/case.h"

namespace attest::properties {

inline constexpr std::int64_t kScopeTokens = 4;

class SmallScope {
 public:
  explicit SmallScope(const kernels::KernelInfo& info);

  /// Batches; each holds other problems.
  std::uint64_t count() const { return starts_.empty() ? 0 : starts_.back(); }
  /// Batch k of count(), an attend call with contents given element by element.
  problem::Case batch(std::uint64_t k) const;

 private:
  /// What the sequences of a batch have in common.
  struct Setting {
    problem::KvStorage storage;  ///< layout and page size only
    bool reversed = false;       ///< pages in descending order
    std::int64_t head_dim_qk = 1, head_dim_v = 1;
    std::int64_t num_kv_heads = 1;
    std::int64_t group = 1;
    problem::Mask mask;  ///< without tree and custom
    enum class Own : std::uint8_t { kNone, kTree, kCustom } own = Own::kNone;
  };
  /// One problem. `keys`: a digit per key, which of kKeyValues it has; `own`: which tree or custom
  /// mask.
  struct Member {
    problem::Sequence sequence;
    std::uint32_t keys = 0;
    std::uint32_t own = 0;
  };
  struct Block {
    std::uint64_t first;  ///< member
    std::uint64_t count;
  };

  std::vector<Setting> list_settings() const;
  /// False when no head dims tell weights apart in this layout.
  bool add_dims(Setting& setting) const;
  std::vector<Member> list_members(Setting::Own own) const;
  bool takes(const problem::Sequence& sequence) const;
  std::vector<Block> list_blocks(const std::vector<Member>& members) const;
  void add_contents(const Setting& setting, const Member& member, std::int64_t b,
                    problem::Case& value) const;

  const kernels::KernelInfo info_;
  std::vector<Setting> settings_;
  std::vector<Member> members_[3];  ///< by Setting::Own
  std::vector<Block> blocks_[3];
  std::vector<std::uint64_t> starts_;  ///< end of each setting's batches
};

/// The scope of this kernel, made once. Not for threads.
const SmallScope& small_scope(const kernels::KernelInfo& info);

}  // namespace attest::properties
