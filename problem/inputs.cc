#include "problem/inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "problem/errors.h"
#include "problem/index.h"
#include "problem/recipe.h"
#include "problem/rows.h"

namespace attest::problem {
namespace {

std::int64_t num_bias_heads(const Problem& problem) {
  return extent_of(problem, Tensor::kBias, 0).heads;
}

/// Rounds a row of numbers to the type of `out` and stores it from element `first` on.
void store_row(const std::vector<double>& row, Elements& out, std::size_t first) {
  encode_row(out.type(), row, out.data() + first * size_of(out.type()));
}

/// First tokens of the sequences in q and in k and v.
struct Offsets {
  explicit Offsets(const Problem& problem) {
    for (const Sequence& sequence : problem.sequences) {
      q.push_back(q.back() + sequence.q_len);
      kv.push_back(kv.back() + sequence.kv_len);
    }
  }
  std::vector<std::int64_t> q{0}, kv{0};
};

/// Whether V's heads are one; in K's buffer they are what K's are.
bool v_has_one_head(const KvStorage& storage) {
  return storage.strides.v.one_head ||
         (storage.layout == KvLayout::kPagedInterleaved && storage.strides.k.one_head);
}

bool any_page_shared(const KvStorage& storage) {
  std::vector<std::int32_t> pages;
  for (const auto& row : storage.block_table) pages.insert(pages.end(), row.begin(), row.end());
  std::sort(pages.begin(), pages.end());
  return std::adjacent_find(pages.begin(), pages.end()) != pages.end();
}

/// For every token of k and v the token whose contents it has, itself in most cases; empty when
/// that is so for all.
std::vector<std::int64_t> sources(const Problem& problem, const KvStorage& storage,
                                  const Offsets& offsets) {
  std::vector<std::int64_t> source;
  if (!is_paged(storage.layout) || !any_page_shared(storage)) return source;
  source.reserve(at(offsets.kv.back()));
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t t = 0; t < problem.sequences[at(b)].kv_len; ++t) {
      const TokenId owner = content_owner(problem, storage, b, t);
      source.push_back(offsets.kv[at(owner.sequence)] + owner.token);
    }
  }
  return source;
}

void fill_q(const Problem& problem, const Recipe& recipe, const Offsets& offsets, Elements& q) {
  std::vector<double> row(at(problem.head_dim_qk));
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    std::size_t element = at(offsets.q[at(b)] * problem.num_q_heads) * row.size();
    for (std::int64_t r = 0; r < problem.sequences[at(b)].q_len; ++r) {
      for (std::int64_t h = 0; h < problem.num_q_heads; ++h, element += row.size()) {
        recipe.fill_q(b, r, h, row.data());
        store_row(row, q, element);
      }
    }
  }
}

/// `source` as made by sources(): only tokens that have contents of their own are filled.
template <typename FillRow>
void fill_cache(const Problem& problem, const Offsets& offsets,
                const std::vector<std::int64_t>& source, std::int64_t head_dim, Elements& cache,
                FillRow&& fill_row) {
  std::vector<double> row(at(head_dim));
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t t = 0; t < problem.sequences[at(b)].kv_len; ++t) {
      const std::int64_t index = offsets.kv[at(b)] + t;
      if (!source.empty() && source[at(index)] != index) continue;
      for (std::int64_t h = 0; h < problem.num_kv_heads; ++h) {
        fill_row(b, t, h, row.data());
        store_row(row, cache, at(index * problem.num_kv_heads + h) * row.size());
      }
    }
  }
}

void copy_shared(const std::vector<std::int64_t>& source, std::size_t elements_per_token,
                 Elements& cache) {
  const std::size_t bytes = elements_per_token * size_of(cache.type());
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::size_t from = at(source[i]);
    if (from != i) std::memcpy(cache.data() + i * bytes, cache.data() + from * bytes, bytes);
  }
}

/// Gives every head of a row the contents of its first.
void copy_first_head(std::int64_t heads, std::int64_t head_dim, Elements& elements) {
  const std::size_t bytes = at(head_dim) * size_of(elements.type());
  const std::size_t rows = elements.size() / at(heads * head_dim);
  for (std::size_t row = 0; row < rows; ++row) {
    std::byte* first = elements.data() + row * at(heads) * bytes;
    for (std::size_t head = 1; head < at(heads); ++head) {
      std::memcpy(first + head * bytes, first, bytes);
    }
  }
}

void copy_first_heads(const Problem& problem, const KvStorage& storage, Inputs& inputs) {
  const Strides& strides = storage.strides;
  if (strides.q.one_head) copy_first_head(problem.num_q_heads, problem.head_dim_qk, inputs.q);
  if (strides.k.one_head) copy_first_head(problem.num_kv_heads, problem.head_dim_qk, inputs.k);
  if (v_has_one_head(storage)) copy_first_head(problem.num_kv_heads, problem.head_dim_v, inputs.v);
}

void copy_prefix(const Problem& problem, const Elements& k, Elements& v) {
  const std::size_t from = at(problem.head_dim_qk) * size_of(k.type());
  const std::size_t to = at(problem.head_dim_v) * size_of(v.type());
  const std::size_t rows = v.size() / at(problem.head_dim_v);
  for (std::size_t i = 0; i < rows; ++i) {
    std::memcpy(v.data() + i * to, k.data() + i * from, to);
  }
}

void fill_bias(const Problem& problem, const Recipe& recipe, Elements& bias) {
  const std::int64_t heads = num_bias_heads(problem);
  std::size_t element = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    std::vector<double> row(at(problem.sequences[at(b)].kv_len));
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t r = 0; r < problem.sequences[at(b)].q_len; ++r, element += row.size()) {
        recipe.fill_bias(b, r, h, row.data());
        store_row(row, bias, element);
      }
    }
  }
}

void check(bool inside, const char* field, std::size_t i) {
  if (!inside) {
    throw ContractError("values.overrides[" + std::to_string(i) + "]." + field +
                        " is outside its tensor; find_error would have said so");
  }
}

bool has_one_head(const KvStorage& storage, Tensor tensor) {
  switch (tensor) {
    case Tensor::kQ:
      return storage.strides.q.one_head;
    case Tensor::kK:
      return storage.strides.k.one_head;
    case Tensor::kV:
      return v_has_one_head(storage);
    case Tensor::kBias:
      break;
  }
  return false;
}

void apply_overrides(const Problem& problem, const Values& values, const KvStorage& storage,
                     const Offsets& offsets, const std::vector<std::int64_t>& source,
                     Inputs& inputs) {
  for (std::size_t i = 0; i < values.overrides.size(); ++i) {
    const Override& o = values.overrides[i];
    check(o.sequence >= 0 && o.sequence < problem.batch(), "sequence", i);
    const Extent extent = extent_of(problem, o.tensor, o.sequence);
    check(o.token >= 0 && o.token < extent.tokens, "token", i);
    check(o.head >= 0 && o.head < extent.heads, "head", i);
    check(o.lane >= 0 && o.lane < extent.lanes, "lane", i);
    if (o.tensor == Tensor::kBias) {
      const std::size_t first = bias_offset(problem, o.sequence);
      inputs.bias.set_bits(first + at(o.head * extent.tokens + o.token), o.bits);
      continue;
    }
    const auto& starts = o.tensor == Tensor::kQ ? offsets.q : offsets.kv;
    std::int64_t token = starts[at(o.sequence)] + o.token;
    // On a shared page the owner's contents change, and with them everybody's.
    if (o.tensor != Tensor::kQ && !source.empty()) token = source[at(token)];
    Elements& elements = o.tensor == Tensor::kQ   ? inputs.q
                         : o.tensor == Tensor::kK ? inputs.k
                                                  : inputs.v;
    // Where all heads are one, any of them is the first.
    const std::int64_t head = has_one_head(storage, o.tensor) ? 0 : o.head;
    elements.set_bits(at((token * extent.heads + head) * extent.lanes + o.lane), o.bits);
  }
}

}  // namespace

std::size_t bias_offset(const Problem& problem, std::int64_t sequence) {
  const std::int64_t heads = num_bias_heads(problem);
  std::int64_t elements = 0;
  for (std::int64_t b = 0; b < sequence; ++b) {
    elements += heads * problem.sequences[at(b)].q_len * problem.sequences[at(b)].kv_len;
  }
  return at(elements);
}

Inputs make_inputs(const Problem& problem, const Values& values, const KvStorage& storage) {
  const Offsets offsets(problem);
  const std::vector<std::int64_t> source = sources(problem, storage, offsets);
  const std::int64_t q_rows = offsets.q.back() * problem.num_q_heads;
  const std::int64_t kv_rows = offsets.kv.back() * problem.num_kv_heads;

  Inputs inputs;
  inputs.q = Elements(problem.q_dtype, at(q_rows * problem.head_dim_qk));
  inputs.k = Elements(problem.k_dtype, at(kv_rows * problem.head_dim_qk));
  inputs.v = Elements(problem.v_dtype, at(kv_rows * problem.head_dim_v));
  inputs.bias = Elements(DType::kF32, bias_offset(problem, problem.batch()));

  const Recipe recipe(problem, values);
  fill_q(problem, recipe, offsets, inputs.q);
  fill_cache(problem, offsets, source, problem.head_dim_qk, inputs.k,
             [&](auto... where) { recipe.fill_k(where...); });
  if (!problem.v_is_k_prefix) {
    fill_cache(problem, offsets, source, problem.head_dim_v, inputs.v,
               [&](auto... where) { recipe.fill_v(where...); });
  }
  if (problem.bias != Bias::kNone) fill_bias(problem, recipe, inputs.bias);

  apply_overrides(problem, values, storage, offsets, source, inputs);
  copy_shared(source, at(problem.num_kv_heads * problem.head_dim_qk), inputs.k);
  copy_shared(source, at(problem.num_kv_heads * problem.head_dim_v), inputs.v);
  copy_first_heads(problem, storage, inputs);
  if (problem.v_is_k_prefix) copy_prefix(problem, inputs.k, inputs.v);
  return inputs;
}

}  // namespace attest::problem
