#include "properties/small_scope.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "problem/errors.h"
#include "properties/small_scope_masks.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::DType;
using problem::KvLayout;
using problem::Problem;
using problem::Sequence;
using problem::Tensor;

constexpr std::int64_t kMostPerBatch = 32;
constexpr std::int64_t kValueLanes = 4;  // a weight shows in a lane of its own: V is one-hot

/// No score, a moderate one, and one that takes nearly all the probability where it is visible (and
/// hardly any in rows whose query is negative). Exact in every type.
constexpr double kKeyValues[] = {0.0, 1.0, 12.0};
constexpr std::uint32_t kNumKeyValues = 3;

std::uint32_t power(std::uint32_t base, std::int64_t exponent) {
  std::uint32_t product = 1;
  for (std::int64_t i = 0; i < exponent; ++i) product *= base;
  return product;
}

bool takes_layout(const KernelInfo& info, KvLayout layout) {
  return layout != KvLayout::kMlaLatent &&
         (info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(layout))) != 0;
}

bool has_every_mask(KvLayout layout) {
  return layout == KvLayout::kContiguous || layout == KvLayout::kPagedNHD;
}

DType first_of(std::uint32_t set, DType preferred) {
  if (set == 0 || (set & ATTEST_DTYPE_BIT(static_cast<unsigned>(preferred))) != 0) return preferred;
  for (const DType type : problem::all_dtypes()) {
    if ((set & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) != 0) return type;
  }
  return preferred;
}

/// An attend call of one key with these settings: what there is to declare about them.
Case probe(const KernelInfo& info, const problem::KvStorage& storage, std::int64_t head_dim_qk,
           std::int64_t head_dim_v) {
  Case value = problem::make_case({});
  Problem& problem = value.problem();
  problem.head_dim_qk = head_dim_qk;
  problem.head_dim_v = head_dim_v;
  problem.q_dtype = info.first_q_dtype();
  problem.k_dtype = first_of(info.capabilities.kv_dtypes, problem.q_dtype);
  problem.v_dtype = problem.k_dtype;
  problem.o_dtype = first_of(info.capabilities.o_dtypes, problem.q_dtype);
  value.storage = storage;
  return value;
}

/// {head_dim_qk, head_dim_v} in this layout, as small as V can tell weights apart.
std::optional<std::pair<std::int64_t, std::int64_t>> pick_dims(const KernelInfo& info,
                                                               problem::KvStorage storage) {
  if (storage.page_size > 0) {
    storage.block_table = {{}};
    storage.num_pages = 1;
  }
  for (std::int64_t qk = 1; qk <= 256; ++qk) {
    if (!kernels::contains(info.capabilities.head_dim_qk, qk)) continue;
    for (const std::int64_t v : {kValueLanes, qk}) {
      if (v < kValueLanes) continue;
      if (v != qk && (!info.has(ATTEST_FEATURE_HEAD_DIM_V) ||
                      !kernels::contains(info.capabilities.head_dim_v, v))) {
        continue;
      }
      Case value = probe(info, storage, qk, v);
      value.problem().sequences.push_back({1, 0, std::nullopt});
      if (!problem::find_error(value)) return std::pair{qk, v};
    }
  }
  return std::nullopt;
}

}  // namespace

SmallScope::SmallScope(const KernelInfo& info) : info_(info) {
  if (!info.can(ATTEST_OP_ATTEND)) return;
  using Own = Setting::Own;
  for (const Own own : {Own::kNone, Own::kTree, Own::kCustom}) {
    const auto i = static_cast<std::size_t>(own);
    if (own == Own::kTree && !info.has(ATTEST_FEATURE_TREE | ATTEST_FEATURE_CAUSAL)) continue;
    if (own == Own::kCustom && !info.has(ATTEST_FEATURE_CUSTOM_MASK)) continue;
    members_[i] = list_members(own);
    blocks_[i] = list_blocks(members_[i]);
  }
  settings_ = list_settings();
  std::uint64_t total = 0;
  for (const Setting& setting : settings_) {
    total += blocks_[static_cast<std::size_t>(setting.own)].size();
    starts_.push_back(total);
  }
}

std::vector<SmallScope::Setting> SmallScope::list_settings() const {
  using Own = Setting::Own;
  std::vector<Setting> storages;
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    const auto layout = static_cast<KvLayout>(i);
    if (!takes_layout(info_, layout)) continue;
    Setting setting;
    setting.storage.layout = layout;
    if (!problem::is_paged(layout)) {
      if (add_dims(setting)) storages.push_back(setting);
      continue;
    }
    for (std::int64_t page = 1; page <= 3; ++page) {
      if (!kernels::contains(info_.capabilities.page_size, page)) continue;
      setting.storage.page_size = page;
      if (!add_dims(setting)) continue;
      for (const bool reversed : {false, true}) {
        setting.reversed = reversed;
        storages.push_back(setting);
      }
    }
  }
  std::vector<Setting> settings;
  for (Setting setting : storages) {
    for (const auto& [kv_heads, group] : {std::pair{1, 1}, std::pair{1, 2}, std::pair{2, 1}}) {
      if (!kernels::contains(info_.capabilities.num_kv_heads, kv_heads) ||
          !kernels::contains(info_.capabilities.group, group)) {
        continue;
      }
      setting.num_kv_heads = kv_heads;
      setting.group = group;
      for (const Own own : {Own::kNone, Own::kTree, Own::kCustom}) {
        if (members_[static_cast<std::size_t>(own)].empty()) continue;
        setting.own = own;
        for (const problem::Mask& mask : scope_masks(info_)) {
          // What a mask hides does not depend on the layout: all masks with two of them will do.
          const bool windowed = mask.window_left || mask.window_right || mask.attention_chunk;
          if ((windowed || own != Own::kNone) && !has_every_mask(setting.storage.layout)) continue;
          // A tree is causal. A custom mask has every pattern: causal ones are among them.
          if (own == Own::kTree && !mask.causal) continue;
          if (own == Own::kCustom && mask != plain_mask(info_)) continue;
          setting.mask = mask;
          settings.push_back(setting);
        }
      }
    }
  }
  return settings;
}

bool SmallScope::add_dims(Setting& setting) const {
  const auto dims = pick_dims(info_, setting.storage);
  if (dims) std::tie(setting.head_dim_qk, setting.head_dim_v) = *dims;
  return dims.has_value();
}

bool SmallScope::takes(const Sequence& sequence) const {
  const auto& caps = info_.capabilities;
  if (sequence.q_len == 0 ? !info_.has(ATTEST_FEATURE_EMPTY_Q)
                          : !kernels::contains(caps.q_len, sequence.q_len)) {
    return false;
  }
  if (sequence.kv_len == 0 ? !info_.has(ATTEST_FEATURE_EMPTY_KV)
                           : !kernels::contains(caps.kv_len, sequence.kv_len)) {
    return false;
  }
  if (sequence.q_len > sequence.kv_len && sequence.kv_len > 0 &&
      !info_.has(ATTEST_FEATURE_Q_LONGER)) {
    return false;
  }
  const bool top_left = info_.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT;
  if (!sequence.start_pos) return !top_left || sequence.kv_len == sequence.q_len;
  return top_left ? *sequence.start_pos == 0 : info_.has(ATTEST_FEATURE_START_POS);
}

std::vector<SmallScope::Member> SmallScope::list_members(Setting::Own own) const {
  std::vector<Member> members;
  for (std::int64_t q_len = 0; q_len <= kScopeTokens; ++q_len) {
    for (std::int64_t kv_len = 0; kv_len <= kScopeTokens; ++kv_len) {
      std::vector<Sequence> sequences{{q_len, kv_len, std::nullopt}};
      // Trees bring their own positions; custom masks replace them.
      for (std::int64_t start = 0; own == Setting::Own::kNone && start <= kv_len; ++start) {
        if (start != kv_len - q_len) sequences.push_back({q_len, kv_len, start});
      }
      const std::uint32_t patterns = own == Setting::Own::kNone   ? 1
                                     : own == Setting::Own::kTree ? count_trees(q_len, kv_len)
                                                                  : count_customs(q_len, kv_len);
      for (const Sequence& sequence : sequences) {
        if (!takes(sequence)) continue;
        for (std::uint32_t pattern = 0; pattern < patterns; ++pattern) {
          for (std::uint32_t keys = 0; keys < power(kNumKeyValues, kv_len); ++keys) {
            members.push_back({sequence, keys, pattern});
          }
        }
      }
    }
  }
  // Sequences of other numbers of rows side by side, none of them alone: a batch without a row has
  // nothing to judge.
  if (info_.has(ATTEST_FEATURE_RAGGED)) {
    const auto shape = [](const Member& member) {
      return std::tuple(member.sequence.kv_len, member.own, member.keys);
    };
    std::stable_sort(members.begin(), members.end(),
                     [&](const Member& a, const Member& b) { return shape(a) < shape(b); });
  }
  return members;
}

std::vector<SmallScope::Block> SmallScope::list_blocks(const std::vector<Member>& members) const {
  std::int64_t most = 1;
  while (most < kMostPerBatch && kernels::contains(info_.capabilities.batch, most + 1)) ++most;
  std::vector<Block> blocks;
  for (std::uint64_t i = 0; i < members.size();) {
    Block block{i, 0};
    while (i < members.size() && block.count < static_cast<std::uint64_t>(most) &&
           (info_.has(ATTEST_FEATURE_RAGGED) ||
            members[i].sequence.q_len == members[block.first].sequence.q_len)) {
      ++block.count;
      ++i;
    }
    blocks.push_back(block);
  }
  return blocks;
}

Case SmallScope::batch(std::uint64_t k) const {
  if (k >= count()) throw ContractError("the small scope has no batch " + std::to_string(k));
  const auto at = static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), k) -
                                           starts_.begin());
  const Setting& setting = settings_[at];
  const auto own = static_cast<std::size_t>(setting.own);
  const Block& block = blocks_[own][k - (at == 0 ? 0 : starts_[at - 1])];

  Case value = probe(info_, setting.storage, setting.head_dim_qk, setting.head_dim_v);
  Problem& problem = value.problem();
  problem.num_kv_heads = setting.num_kv_heads;
  problem.num_q_heads = setting.num_kv_heads * setting.group;
  problem.mask = setting.mask;
  value.values.distribution = problem::Distribution::kOneHotV;
  for (std::uint64_t i = 0; i < block.count; ++i) {
    const Member& member = members_[own][block.first + i];
    problem.sequences.push_back(member.sequence);
    const auto [q_len, kv_len, start] = member.sequence;
    if (setting.own == Setting::Own::kTree)
      problem.mask.tree.push_back(tree_at(q_len, kv_len, member.own));
    if (setting.own == Setting::Own::kCustom)
      problem.mask.custom.push_back(custom_at(q_len, kv_len, member.own));
  }
  for (std::uint64_t i = 0; i < block.count; ++i) {
    add_contents(setting, members_[own][block.first + i], static_cast<std::int64_t>(i), value);
  }
  if (setting.storage.page_size > 0) {
    std::int32_t pages = 0;
    for (const Sequence& sequence : problem.sequences) {
      auto& row = value.storage.block_table.emplace_back();
      for (std::int64_t key = 0; key < sequence.kv_len; key += setting.storage.page_size)
        row.push_back(pages++);
    }
    value.storage.num_pages = std::max(pages, 1);
    for (auto& row : value.storage.block_table) {
      for (auto& id : row) id = setting.reversed ? pages - 1 - id : id;
    }
  }
  return value;
}

void SmallScope::add_contents(const Setting& setting, const Member& member, std::int64_t b,
                              Case& value) const {
  const Problem& problem = value.problem();
  const auto put = [&](Tensor tensor, DType type, std::int64_t token, std::int64_t head,
                       double number) {
    for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
      value.values.overrides.push_back(
          {tensor, b, token, head, lane, problem::encode(type, lane == 0 ? number : 0.0)});
    }
  };
  for (std::int64_t row = 0; row < member.sequence.q_len; ++row) {
    for (std::int64_t head = 0; head < problem.num_q_heads; ++head) {
      // Every second row ranks the keys the other way round; heads differ.
      const double number = static_cast<double>(head + 1);
      put(Tensor::kQ, problem.q_dtype, row, head, row % 2 == 0 ? number : -number);
    }
  }
  std::uint32_t digits = member.keys;
  for (std::int64_t key = 0; key < member.sequence.kv_len; ++key, digits /= kNumKeyValues) {
    for (std::int64_t head = 0; head < setting.num_kv_heads; ++head) {
      // The second KV head has the values in another order.
      const std::uint32_t digit = (digits + static_cast<std::uint32_t>(head)) % kNumKeyValues;
      put(Tensor::kK, problem.k_dtype, key, head, kKeyValues[digit]);
    }
  }
}

const SmallScope& small_scope(const KernelInfo& info) {
  static std::map<std::pair<std::string, std::string>, SmallScope> known;
  const std::pair key{info.library, info.name};
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known.emplace(key, SmallScope(info)).first->second;
}

}  // namespace attest::properties
