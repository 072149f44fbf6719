#include "properties/labels.h"

#include <algorithm>
#include <array>

#include "problem/errors.h"
#include "problem/program.h"
#include "properties/program_pages.h"

namespace attest::properties {
namespace {

std::vector<Label> collect_labels() {
  std::vector<Label> labels;
  for (const auto part :
       {length_labels(), feature_labels(), storage_labels(), execution_labels()}) {
    labels.insert(labels.end(), part.begin(), part.end());
  }
  if (labels.size() > kMaxLabels) throw ContractError("more labels than kMaxLabels");
  return labels;
}

/// Two dimensions, or labels of them, that no case can have together.
struct Apart {
  std::string_view a, b;
};

constexpr Apart kApart[] = {
    // A tree is causal and brings its own positions; a call has one mask of its own at most.
    {"mask of its own: tree", "mask: not causal"},
    {"mask of its own: tree", "start_pos"},
    // Lengths that fix each other when they are the whole batch are no matter: another sequence
    // can have the other one. With one sequence they are.
    {"batch: 1", "empty in mid batch"},
    {"batch: 2", "empty in mid batch"},
    {"batch: 1", "shared pages"},
    {"batch: 1", "k_scale: per sequence and head"},
    {"heads: one", "k_scale: per head"},
    {"heads: multi-query", "k_scale: per head"},
    {"q_len: mid prompt", "parts: more than tokens"},
    // What only pages have, or only a contiguous cache.
    {"layout: contiguous", "page_size"},
    {"layout: contiguous", "pages"},
    {"layout: contiguous", "free pages"},
    {"layout: contiguous", "shared pages"},
    {"layout: contiguous", "table tail"},
    {"layout: contiguous", "poison: free pages"},
    {"layout: contiguous", "poison: table tail"},
    {"layout: padded", "page_size"},
    {"layout: padded", "pages"},
    {"layout: padded", "free pages"},
    {"layout: padded", "shared pages"},
    {"layout: padded", "table tail"},
    {"layout: padded", "poison: free pages"},
    {"layout: padded", "poison: table tail"},
    {"gap", "layout: padded"},
    {"gap", "layout: NHD"},
    {"gap", "layout: HND"},
    {"gap", "layout: interleaved"},
    {"gap", "layout: x-split"},
    {"gap", "layout: MLA latent"},
    {"gap", "page_size"},
    {"gap", "pages"},
    {"gap", "free pages"},
    {"gap", "shared pages"},
    {"gap", "table tail"},
    {"gap", "poison: free pages"},
    {"gap", "poison: table tail"},
    {"pages: in order", "shared pages"},
    {"page_size: 1", "poison: page tail"},
    // Halves of one buffer are of one size; the split of keys is by 16 bytes.
    {"layout: interleaved", "head_dim_v"},
    {"layout: x-split", "head_dim_qk: 1"},
    {"layout: x-split", "head_dim_qk: odd"},
    // The latent cache has one KV head, and keys no wider than values.
    {"layout: MLA latent", "k_scale: per head"},
    {"layout: MLA latent", "heads: multi-head"},
    {"layout: MLA latent", "heads: group = num_kv_heads"},
    {"layout: MLA latent", "heads: group apart from num_kv_heads"},
    // Poison of the future needs a future.
    {"poison: future tokens", "mask: not causal"},
    // One poison at a time, in its own property; parts and chunks are of others.
    {"poison", "parts"},
    {"poison", "chunks"},
    {"poison kind", "parts"},
    {"poison kind", "chunks"},
    {"poison in", "parts"},
    {"poison in", "chunks"},
    // Queries come in chunks where positions are causal.
    {"chunks", "mask: not causal"},
    {"chunks", "mask of its own: tree"},
    {"parts", "chunks"},
    {"poison", "merge"},
    {"poison kind", "merge"},
    {"poison in", "merge"},
    {"merge", "chunks"},
};

using Matrix = std::vector<LabelSet>;

Matrix find_apart() {
  const auto labels = all_labels();
  Matrix apart(labels.size());
  const auto keep_apart = [&](std::size_t a, std::size_t b) {
    apart[a].set(b);
    apart[b].set(a);
  };
  for (std::size_t a = 0; a < labels.size(); ++a) {
    for (std::size_t b = 0; b < labels.size(); ++b) {
      if (labels[a].dimension == labels[b].dimension) keep_apart(a, b);
    }
  }
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(name_of(label));
  const auto matches = [&](std::string_view pattern, std::size_t i) {
    return pattern == labels[i].dimension || pattern == names[i];
  };
  for (const Apart& rule : kApart) {
    bool used = false;
    for (std::size_t a = 0; a < labels.size(); ++a) {
      for (std::size_t b = 0; b < labels.size(); ++b) {
        if (!matches(rule.a, a) || !matches(rule.b, b)) continue;
        keep_apart(a, b);
        used = true;
      }
    }
    if (!used) {
      throw ContractError("no labels '" + std::string(rule.a) + "' and '" + std::string(rule.b) +
                          "'");
    }
  }
  return apart;
}

}  // namespace

std::span<const Label> all_labels() {
  static const std::vector<Label> labels = collect_labels();
  return labels;
}

std::string name_of(const Label& label) {
  return std::string(label.dimension) + ": " + std::string(label.name);
}

LabelSet labels_of(const problem::Case& value) {
  LabelSet set;
  if (problem::is_program(value)) {
    const auto last = last_attend(value);
    return last ? labels_of(*last) : set;
  }
  const auto labels = all_labels();
  for (std::size_t i = 0; i < labels.size(); ++i) set[i] = labels[i].holds(value);
  return set;
}

LabelSet declared_labels(const kernels::KernelInfo& info) {
  LabelSet set;
  if (!info.can(ATTEST_OP_ATTEND)) return set;
  const auto labels = all_labels();
  for (std::size_t i = 0; i < labels.size(); ++i) set[i] = labels[i].declared(info);
  return set;
}

bool can_meet(std::size_t a, std::size_t b) {
  static const Matrix apart = find_apart();
  return !apart[a][b];
}

}  // namespace attest::properties
