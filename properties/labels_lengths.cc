// Labels of sizes: lengths against pages and tiles, batches, heads, head dims.
#include <algorithm>

#include "properties/label_conditions.h"
#include "properties/labels.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Sequence;

/// Length classes are asked for where lengths are not restricted to a set of the kernel's own.
bool any_length(const attest_set& set) {
  for (const std::int64_t length : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33}) {
    if (!kernels::contains(set, length)) return false;
  }
  return true;
}

bool any_kv(const KernelInfo& info) { return any_length(info.capabilities.kv_len); }
bool empty_kv(const KernelInfo& info) { return info.has(ATTEST_FEATURE_EMPTY_KV); }
bool empty_q(const KernelInfo& info) { return info.has(ATTEST_FEATURE_EMPTY_Q); }
bool many_rows(const KernelInfo& info) {
  return kernels::contains(info.capabilities.q_len, 2) &&
         kernels::contains(info.capabilities.q_len, 3);
}
bool longer_q(const KernelInfo& info) {
  return many_rows(info) && info.has(ATTEST_FEATURE_Q_LONGER);
}
bool batches(const KernelInfo& info) { return any_length(info.capabilities.batch); }

bool any_sequence(const Case& value, bool (*test)(const Sequence&)) {
  const auto& sequences = value.problem().sequences;
  return std::any_of(sequences.begin(), sequences.end(), test);
}

/// A sequence with others on both sides: what it shifts, it shifts for somebody.
bool any_in_the_middle(const Case& value, bool (*test)(const Sequence&)) {
  const auto& sequences = value.problem().sequences;
  return sequences.size() > 2 && std::any_of(sequences.begin() + 1, sequences.end() - 1, test);
}

/// Some length is `off` from a multiple of a block, counted from one block or from two on. Blocks
/// are the pages; where there are none worth it, tiles of 8 and 16.
template <int kOff, bool kSeveral>
bool at_boundary(const Case& value) {
  const std::int64_t page = value.storage.page_size;
  for (const Sequence& sequence : value.problem().sequences) {
    for (const std::int64_t block : {page, std::int64_t{8}, std::int64_t{16}}) {
      if (block < 3 || (page >= 3 && block != page)) continue;
      const std::int64_t length = sequence.kv_len - kOff;
      if (length < block || length % block != 0) continue;
      if ((length > block) == kSeveral) return true;
    }
  }
  return false;
}

template <int kLength>
bool some_kv_len(const Case& value) {
  return any_sequence(value, [](const Sequence& sequence) { return sequence.kv_len == kLength; });
}

template <int kLength>
bool some_q_len(const Case& value) {
  return any_sequence(value, [](const Sequence& sequence) { return sequence.q_len == kLength; });
}

bool many_heads(const KernelInfo& info) {
  return kernels::contains(info.capabilities.num_kv_heads, 2);
}
bool groups(const KernelInfo& info) { return kernels::contains(info.capabilities.group, 2); }
bool grouped_heads(const KernelInfo& info) { return many_heads(info) && groups(info); }

constexpr Label kLengthLabels[] = {
    {"kv_len", "0", empty_kv, some_kv_len<0>},
    {"kv_len", "1", any_kv, some_kv_len<1>},
    {"kv_len", "2", any_kv, some_kv_len<2>},
    {"kv_len", "block - 1", any_kv, at_boundary<-1, false>},
    {"kv_len", "block", any_kv, at_boundary<0, false>},
    {"kv_len", "block + 1", any_kv, at_boundary<1, false>},
    {"kv_len", "k blocks - 1", any_kv, at_boundary<-1, true>},
    {"kv_len", "k blocks", any_kv, at_boundary<0, true>},
    {"kv_len", "k blocks + 1", any_kv, at_boundary<1, true>},

    {"q_len", "0", empty_q, some_q_len<0>},
    {"q_len", "1", any_kernel, some_q_len<1>},
    {"q_len", "2", many_rows, some_q_len<2>},
    {"q_len", "whole prompt", many_rows,
     [](const Case& value) {
       return any_sequence(value, [](const Sequence& sequence) {
         return sequence.q_len > 1 && sequence.q_len == sequence.kv_len;
       });
     }},
    {"q_len", "mid prompt", many_rows,
     [](const Case& value) {
       return any_sequence(value, [](const Sequence& sequence) {
         return sequence.q_len > 1 && sequence.q_len < sequence.kv_len;
       });
     }},
    {"q_len", "more than keys", longer_q,
     [](const Case& value) {
       return any_sequence(value, [](const Sequence& sequence) {
         return sequence.q_len > sequence.kv_len && sequence.kv_len > 0;
       });
     }},

    {"batch", "1", any_kernel, [](const Case& value) { return value.problem().batch() == 1; }},
    {"batch", "2", batches, [](const Case& value) { return value.problem().batch() == 2; }},
    {"batch", "more", batches, [](const Case& value) { return value.problem().batch() > 2; }},
    {"empty in mid batch", "no keys",
     [](const KernelInfo& info) { return batches(info) && empty_kv(info); },
     [](const Case& value) {
       return any_in_the_middle(value,
                                [](const Sequence& sequence) { return sequence.kv_len == 0; });
     }},
    {"empty in mid batch", "no rows",
     [](const KernelInfo& info) { return batches(info) && empty_q(info); },
     [](const Case& value) {
       return any_in_the_middle(value,
                                [](const Sequence& sequence) { return sequence.q_len == 0; });
     }},

    {"heads", "one",
     [](const KernelInfo& info) {
       return kernels::contains(info.capabilities.num_kv_heads, 1) &&
              kernels::contains(info.capabilities.group, 1);
     },
     [](const Case& value) { return value.problem().num_q_heads == 1; }},
    {"heads", "multi-head",
     [](const KernelInfo& info) {
       return many_heads(info) && kernels::contains(info.capabilities.group, 1);
     },
     [](const Case& value) {
       return value.problem().num_kv_heads > 1 && value.problem().group() == 1;
     }},
    {"heads", "multi-query",
     [](const KernelInfo& info) {
       return groups(info) && kernels::contains(info.capabilities.num_kv_heads, 1);
     },
     [](const Case& value) {
       return value.problem().num_kv_heads == 1 && value.problem().group() > 1;
     }},
    {"heads", "group = num_kv_heads", grouped_heads,
     [](const Case& value) {
       return value.problem().group() > 1 &&
              value.problem().group() == value.problem().num_kv_heads;
     }},
    {"heads", "group apart from num_kv_heads", grouped_heads,
     [](const Case& value) {
       const auto& problem = value.problem();
       return problem.group() > 1 && problem.num_kv_heads > 1 &&
              problem.group() != problem.num_kv_heads;
     }},

    {"head_dim_qk", "1",
     [](const KernelInfo& info) { return kernels::contains(info.capabilities.head_dim_qk, 1); },
     [](const Case& value) { return value.problem().head_dim_qk == 1; }},
    {"head_dim_qk", "odd",
     [](const KernelInfo& info) { return kernels::contains(info.capabilities.head_dim_qk, 17); },
     [](const Case& value) {
       return value.problem().head_dim_qk > 2 && value.problem().head_dim_qk % 2 == 1;
     }},
    {"head_dim_qk", "a power of two",
     [](const KernelInfo& info) { return kernels::contains(info.capabilities.head_dim_qk, 64); },
     [](const Case& value) {
       const std::int64_t dim = value.problem().head_dim_qk;
       return dim > 1 && (dim & (dim - 1)) == 0;
     }},
    {"head_dim_qk", "padded by many",
     [](const KernelInfo& info) { return kernels::contains(info.capabilities.head_dim_qk, 80); },
     [](const Case& value) {
       const std::int64_t dim = value.problem().head_dim_qk;
       return dim >= 40 && (dim & (dim - 1)) != 0;
     }},
    {"head_dim_v", "apart",
     [](const KernelInfo& info) { return info.has(ATTEST_FEATURE_HEAD_DIM_V); },
     [](const Case& value) { return value.problem().head_dim_v != value.problem().head_dim_qk; }},
};

}  // namespace

std::span<const Label> length_labels() { return kLengthLabels; }

}  // namespace attest::properties
