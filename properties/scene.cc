#include "properties/scene.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "problem/errors.h"

namespace attest::properties {
namespace {

using problem::Elements;
using problem::KvStorage;
using problem::Problem;
using problem::Range;
using problem::Sequence;

/// Appends `count` elements of `from`, starting at `first`, to a growing byte-exact copy.
class Gather {
 public:
  Gather(const Elements& from, std::size_t expected) : from_(from) { picks_.reserve(expected); }
  void take(std::int64_t first, std::int64_t count) {
    if (count == 0) return;
    picks_.push_back({first, count});
    total_ += count;
  }
  Elements finish() const {
    Elements out(from_.type(), static_cast<std::size_t>(total_));
    const std::size_t unit = problem::size_of(from_.type());
    std::byte* to = out.data();
    for (const auto& [first, count] : picks_) {
      std::memcpy(to, from_.data() + static_cast<std::size_t>(first) * unit,
                  static_cast<std::size_t>(count) * unit);
      to += static_cast<std::size_t>(count) * unit;
    }
    return out;
  }

 private:
  const Elements& from_;
  std::vector<std::pair<std::int64_t, std::int64_t>> picks_;
  std::int64_t total_ = 0;
};

std::int64_t first_token(const Problem& problem, std::int64_t b) {
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < b; ++i) first += problem.sequences[i].kv_len;
  return first;
}

/// Scales given per (sequence, head) follow their sequences; other granularities stay.
problem::Scales pick_scales(const problem::Scales& scales, std::int64_t batch, std::int64_t heads,
                            const std::vector<std::int64_t>& order) {
  if (heads == 0 || static_cast<std::int64_t>(scales.size()) != batch * heads || batch <= 1)
    return scales;
  problem::Scales out;
  for (std::int64_t b : order) {
    out.insert(out.end(), scales.begin() + b * heads, scales.begin() + (b + 1) * heads);
  }
  return out;
}

void pick_sequence_scales(const Problem& from, const std::vector<std::int64_t>& order,
                          Problem& to) {
  to.q_scale = pick_scales(from.q_scale, from.batch(), from.num_q_heads, order);
  to.k_scale = pick_scales(from.k_scale, from.batch(), from.num_kv_heads, order);
  to.v_scale = pick_scales(from.v_scale, from.batch(), from.num_kv_heads, order);
}

std::int64_t bias_heads(const Problem& problem) {
  return problem.bias == problem::Bias::kPerHead ? problem.num_q_heads : 1;
}

}  // namespace

Scene scene_of(const problem::Case& value) {
  Scene scene;
  scene.problem = value.problem();
  scene.inputs = problem::make_inputs(scene.problem, value.values, value.storage);
  scene.storage = value.storage;
  scene.num_splits = value.plan.num_splits;
  scene.junk_seed = problem::derive_seed(value.values.seed, 0x6a756e6b);  // "junk"
  return scene;
}

Scene reorder_sequences(const Scene& scene, const std::vector<std::int64_t>& order) {
  const Problem& from = scene.problem;
  Scene out = scene;
  Problem& to = out.problem;
  to.sequences.clear();
  to.mask.tree.clear();
  to.mask.custom.clear();
  out.storage.block_table.clear();
  out.judged_rows.clear();
  pick_sequence_scales(from, order, to);

  const std::int64_t q_row = from.num_q_heads * from.head_dim_qk;
  const std::int64_t k_row = from.num_kv_heads * from.head_dim_qk;
  const std::int64_t v_row = from.num_kv_heads * from.head_dim_v;
  Gather q(scene.inputs.q, order.size()), k(scene.inputs.k, order.size()),
      v(scene.inputs.v, order.size());
  Gather bias(scene.inputs.bias, order.size());
  for (const std::int64_t b : order) {
    const Sequence& sequence = from.sequences[b];
    to.sequences.push_back(sequence);
    if (!from.mask.tree.empty()) to.mask.tree.push_back(from.mask.tree[b]);
    if (!from.mask.custom.empty()) to.mask.custom.push_back(from.mask.custom[b]);
    if (!scene.storage.block_table.empty())
      out.storage.block_table.push_back(scene.storage.block_table[b]);
    if (!scene.judged_rows.empty()) out.judged_rows.push_back(scene.judged_rows[b]);
    q.take(from.first_row(b) * q_row, sequence.q_len * q_row);
    k.take(first_token(from, b) * k_row, sequence.kv_len * k_row);
    v.take(first_token(from, b) * v_row, sequence.kv_len * v_row);
    if (from.bias != problem::Bias::kNone) {
      bias.take(static_cast<std::int64_t>(problem::bias_offset(from, b)),
                bias_heads(from) * sequence.q_len * sequence.kv_len);
    }
  }
  out.inputs = {q.finish(), k.finish(), v.finish(), bias.finish()};
  return out;
}

Scene only_sequence(const Scene& scene, std::int64_t b) { return reorder_sequences(scene, {b}); }

Scene cut_rows(const Scene& scene, const std::vector<RowCut>& cuts) {
  const Problem& from = scene.problem;
  Scene out = scene;
  Problem& to = out.problem;
  out.judged_rows.clear();
  const std::int64_t q_row = from.num_q_heads * from.head_dim_qk;
  const std::int64_t k_row = from.num_kv_heads * from.head_dim_qk;
  const std::int64_t v_row = from.num_kv_heads * from.head_dim_v;
  Gather q(scene.inputs.q, cuts.size()), k(scene.inputs.k, cuts.size()),
      v(scene.inputs.v, cuts.size());
  Gather bias(scene.inputs.bias, cuts.size());
  for (std::int64_t b = 0; b < from.batch(); ++b) {
    const RowCut& cut = cuts[b];
    const Sequence& old = from.sequences[b];
    Sequence& sequence = to.sequences[b];
    sequence.q_len = cut.count;
    sequence.kv_len = cut.kv_len;
    const std::int64_t position = old.first_position() + cut.first;
    sequence.start_pos.reset();
    if (position != cut.kv_len - cut.count && cut.count > 0) sequence.start_pos = position;
    q.take((from.first_row(b) + cut.first) * q_row, cut.count * q_row);
    k.take(first_token(from, b) * k_row, cut.kv_len * k_row);
    v.take(first_token(from, b) * v_row, cut.kv_len * v_row);
    if (!from.mask.custom.empty()) {
      auto& mask = to.mask.custom[b];
      mask.clear();
      for (std::int64_t row = cut.first; row < cut.first + cut.count; ++row) {
        const auto* bits = from.mask.custom[b].data() + row * old.kv_len;
        mask.insert(mask.end(), bits, bits + cut.kv_len);
      }
    }
    if (from.bias != problem::Bias::kNone) {
      const auto base = static_cast<std::int64_t>(problem::bias_offset(from, b));
      for (std::int64_t head = 0; head < bias_heads(from); ++head) {
        for (std::int64_t row = cut.first; row < cut.first + cut.count; ++row) {
          bias.take(base + (head * old.q_len + row) * old.kv_len, cut.kv_len);
        }
      }
    }
    if (problem::is_paged(scene.storage.layout)) {
      const std::int64_t page = scene.storage.page_size;
      out.storage.block_table[b].resize(static_cast<std::size_t>((cut.kv_len + page - 1) / page));
    }
  }
  out.inputs = {q.finish(), k.finish(), v.finish(), bias.finish()};
  return out;
}

Scene select_heads(const Scene& scene, const std::vector<std::int64_t>& q_heads,
                   const std::vector<std::int64_t>& kv_heads) {
  const Problem& from = scene.problem;
  Scene out = scene;
  Problem& to = out.problem;
  to.num_q_heads = static_cast<std::int64_t>(q_heads.size());
  to.num_kv_heads = static_cast<std::int64_t>(kv_heads.size());
  auto pick = [](const std::vector<double>& values, const std::vector<std::int64_t>& heads,
                 std::int64_t old_heads) {
    if (values.empty() || static_cast<std::int64_t>(values.size()) % old_heads != 0) return values;
    std::vector<double> picked;
    for (std::size_t base = 0; base < values.size(); base += static_cast<std::size_t>(old_heads)) {
      for (std::int64_t h : heads) picked.push_back(values[base + static_cast<std::size_t>(h)]);
    }
    return picked;
  };
  to.alibi_slopes = pick(from.alibi_slopes, q_heads, from.num_q_heads);
  to.sinks = pick(from.sinks, q_heads, from.num_q_heads);
  if (from.q_scale.size() > 1) to.q_scale = pick(from.q_scale, q_heads, from.num_q_heads);
  if (from.k_scale.size() > 1) to.k_scale = pick(from.k_scale, kv_heads, from.num_kv_heads);
  if (from.v_scale.size() > 1) to.v_scale = pick(from.v_scale, kv_heads, from.num_kv_heads);

  auto rows = [](const Elements& tensor, std::int64_t count, std::int64_t old_heads,
                 std::int64_t dim, const std::vector<std::int64_t>& heads) {
    Gather gather(tensor, static_cast<std::size_t>(count) * heads.size());
    for (std::int64_t row = 0; row < count; ++row) {
      for (std::int64_t h : heads) gather.take((row * old_heads + h) * dim, dim);
    }
    return gather.finish();
  };
  out.inputs.q = rows(scene.inputs.q, from.total_q(), from.num_q_heads, from.head_dim_qk, q_heads);
  out.inputs.k =
      rows(scene.inputs.k, from.total_kv(), from.num_kv_heads, from.head_dim_qk, kv_heads);
  out.inputs.v =
      rows(scene.inputs.v, from.total_kv(), from.num_kv_heads, from.head_dim_v, kv_heads);
  if (from.bias == problem::Bias::kPerHead) {
    Gather gather(scene.inputs.bias, 16);
    for (std::int64_t b = 0; b < from.batch(); ++b) {
      const std::int64_t plane = from.sequences[b].q_len * from.sequences[b].kv_len;
      for (std::int64_t h : q_heads) {
        gather.take(static_cast<std::int64_t>(problem::bias_offset(from, b)) + h * plane, plane);
      }
    }
    out.inputs.bias = gather.finish();
  }
  return out;
}

problem::KvStorage plain_storage(const Problem& problem, problem::KvLayout layout,
                                 std::int64_t page_size) {
  KvStorage storage;
  storage.layout = layout;
  if (!problem::is_paged(layout)) return storage;
  storage.page_size = page_size;
  std::int32_t next = 0;
  for (const Sequence& sequence : problem.sequences) {
    auto& row = storage.block_table.emplace_back();
    for (std::int64_t token = 0; token < sequence.kv_len; token += page_size) row.push_back(next++);
  }
  storage.num_pages = std::max<std::int64_t>(next, 1);
  return storage;
}

}  // namespace attest::properties
