// What can be said of a case: the boundary its lengths sit on, the features it uses, where it is
// poisoned. Coverage counts labels and pairs of them; a generator that misses a label which a
// kernel's declaration admits is at fault.
#pragma once

#include <bitset>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/case.h"

namespace attest::properties {

struct Label {
  std::string_view dimension;  ///< "kv_len"; labels of one dimension are not paired
  std::string_view name;       ///< "page - 1"
  /// Whether the declaration admits such cases.
  bool (*declared)(const kernels::KernelInfo& info);
  bool (*holds)(const problem::Case& value);
};

inline constexpr std::size_t kMaxLabels = 192;
using LabelSet = std::bitset<kMaxLabels>;

/// All labels, in the order of their numbers, dimension by dimension.
std::span<const Label> all_labels();
/// "kv_len: page - 1"
std::string name_of(const Label& label);

LabelSet labels_of(const problem::Case& value);
LabelSet declared_labels(const kernels::KernelInfo& info);

/// Whether one case can carry both labels: they are of two dimensions, and no rule of the semantics
/// keeps them apart (a tree has no start positions of its own, say). Symmetric.
bool can_meet(std::size_t a, std::size_t b);

// The parts of the table, one file each.
std::span<const Label> length_labels();
std::span<const Label> feature_labels();
std::span<const Label> storage_labels();
std::span<const Label> execution_labels();

}  // namespace attest::properties
