#include <fmt/format.h>

#include "corpus/case_parts.h"
#include "corpus/exact_number.h"
#include "problem/errors.h"

namespace attest::corpus {
namespace {

using problem::DType;
using problem::Mask;
using problem::Problem;

Layout sequence_list(const std::vector<problem::Sequence>& sequences) {
  Layout list = Layout::list();
  for (const problem::Sequence& sequence : sequences) {
    Layout item = Layout::inline_object();
    item.add("q_len", Layout::integer(sequence.q_len));
    item.add("kv_len", Layout::integer(sequence.kv_len));
    if (sequence.start_pos) item.add("start_pos", Layout::integer(*sequence.start_pos));
    list.add(std::move(item));
  }
  return list;
}

void add_type(Layout& out, std::string_view key, DType type) {
  if (type == DType::kF32) return;
  out.add(key, Layout::raw(fmt::format("\"{}\"", problem::name_of(type))));
}

void add_numbers(Layout& out, std::string_view key, const std::vector<double>& numbers) {
  if (numbers.empty()) return;
  Layout list = Layout::list();
  for (const double number : numbers) list.add(write_exact(number));
  out.add(key, std::move(list));
}

/// Rows of 0 and 1, a line per row: the file draws the mask.
Layout custom_mask(const std::vector<std::uint8_t>& bits, const problem::Sequence& sequence) {
  const auto columns = static_cast<std::size_t>(sequence.kv_len);
  const auto rows = static_cast<std::size_t>(sequence.q_len);
  if (bits.size() != rows * columns) {
    throw ContractError(
        fmt::format("mask.custom: expected {} x {} bits, got {}", rows, columns, bits.size()));
  }
  Layout list = Layout::list();
  for (std::size_t row = 0; row < rows; ++row) {
    std::string text;
    for (std::size_t column = 0; column < columns; ++column) {
      const std::uint8_t bit = bits[row * columns + column];
      if (bit > 1) throw ContractError(fmt::format("mask.custom: expected 0 or 1, got {}", bit));
      text += bit == 1 ? '1' : '0';
    }
    list.add(Layout::text(text));
  }
  return list;
}

Layout write_mask(const Mask& mask, const std::vector<problem::Sequence>& sequences) {
  const bool short_one = mask.tree.empty() && mask.custom.empty();
  Layout out = short_one ? Layout::inline_object() : Layout::object();
  if (mask.causal) out.add("causal", Layout::boolean(true));
  if (mask.window_left) out.add("window_left", Layout::integer(*mask.window_left));
  if (mask.window_right) out.add("window_right", Layout::integer(*mask.window_right));
  if (mask.attention_chunk) out.add("attention_chunk", Layout::integer(*mask.attention_chunk));
  if (!mask.tree.empty()) {
    Layout trees = Layout::list();
    for (const problem::Tree& tree : mask.tree) {
      Layout parents = Layout::inline_list();
      for (const std::int32_t parent : tree.parent) parents.add(Layout::integer(parent));
      trees.add(std::move(parents));
    }
    out.add("tree", std::move(trees));
  }
  if (!mask.custom.empty()) {
    if (mask.custom.size() != sequences.size()) {
      throw ContractError(fmt::format("mask.custom: expected {} masks, got {}", sequences.size(),
                                      mask.custom.size()));
    }
    Layout masks = Layout::list();
    for (std::size_t b = 0; b < sequences.size(); ++b) {
      masks.add(custom_mask(mask.custom[b], sequences[b]));
    }
    out.add("custom", std::move(masks));
  }
  return out;
}

}  // namespace

Layout write_exact(double value) {
  const std::uint64_t bits = problem::encode(DType::kF64, value);
  return std::move(Layout::inline_object()
                       .add("bits", Layout::raw('"' + bits_text(DType::kF64, bits) + '"'))
                       .add("value", Layout::raw(decimal_text(DType::kF64, bits))));
}

Layout write_problem(const Problem& value) {
  Layout out = Layout::object();
  out.add("sequences", sequence_list(value.sequences));
  out.add("num_q_heads", Layout::integer(value.num_q_heads));
  out.add("num_kv_heads", Layout::integer(value.num_kv_heads));
  out.add("head_dim_qk", Layout::integer(value.head_dim_qk));
  out.add("head_dim_v", Layout::integer(value.head_dim_v));
  if (value.v_is_k_prefix) out.add("v_is_k_prefix", Layout::boolean(true));
  add_type(out, "q_dtype", value.q_dtype);
  add_type(out, "k_dtype", value.k_dtype);
  add_type(out, "v_dtype", value.v_dtype);
  add_type(out, "o_dtype", value.o_dtype);
  out.add("scale", write_exact(value.scale));
  if (value.softcap != 0.0) out.add("softcap", write_exact(value.softcap));
  add_numbers(out, "alibi_slopes", value.alibi_slopes);
  add_numbers(out, "sinks", value.sinks);
  if (value.bias != problem::Bias::kNone) {
    out.add("bias", Layout::text(value.bias == problem::Bias::kPerHead ? "per_head" : "shared"));
  }
  add_numbers(out, "q_scale", value.q_scale);
  add_numbers(out, "k_scale", value.k_scale);
  add_numbers(out, "v_scale", value.v_scale);
  if (value.o_scale) out.add("o_scale", write_exact(*value.o_scale));
  if (value.mask != Mask{}) out.add("mask", write_mask(value.mask, value.sequences));
  return out;
}

}  // namespace attest::corpus
