#include <fmt/format.h>

#include "corpus/case_parts.h"
#include "corpus/exact_number.h"

namespace attest::corpus {
namespace {

using problem::DType;
using problem::kMaxTokens;

std::vector<problem::Sequence> read_sequences(const Field& field) {
  std::vector<problem::Sequence> sequences(field.list_size(problem::kMaxBatch));
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    const Field item = field.element(b);
    item.expect_keys({"q_len", "kv_len", "start_pos"});
    sequences[b].q_len = item.member("q_len").integer(0, kMaxTokens);
    sequences[b].kv_len = item.member("kv_len").integer(0, kMaxTokens);
    if (item.has("start_pos")) {
      sequences[b].start_pos = item.member("start_pos").integer(-kMaxTokens, kMaxTokens);
    }
  }
  return sequences;
}

DType read_type(const Field& field, std::string_view key) {
  if (!field.has(key)) return DType::kF32;
  const Field name = field.member(key);
  const std::optional<DType> type = problem::parse_dtype(name.text(kMaxNameBytes));
  if (!type) name.fail("f64, f32, f16, bf16, e4m3 or e5m2");
  return *type;
}

std::vector<double> read_numbers(const Field& field, std::string_view key, std::int64_t max) {
  if (!field.has(key)) return {};
  const Field list = field.member(key);
  std::vector<double> numbers(list.list_size(static_cast<std::size_t>(max)));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = read_exact_double(list.element(i));
  }
  return numbers;
}

problem::Bias read_bias(const Field& field) {
  const std::string name = field.text(kMaxNameBytes);
  if (name == "none") return problem::Bias::kNone;
  if (name == "per_head") return problem::Bias::kPerHead;
  if (name == "shared") return problem::Bias::kShared;
  field.fail("none, per_head or shared");
}

std::vector<std::uint8_t> read_custom(const Field& field, const problem::Sequence& sequence) {
  const auto rows = static_cast<std::size_t>(sequence.q_len);
  const auto columns = static_cast<std::size_t>(sequence.kv_len);
  if (field.list_size() != rows) field.fail(fmt::format("{} rows (q_len)", rows));
  std::vector<std::uint8_t> bits;
  for (std::size_t r = 0; r < rows; ++r) {
    const Field row = field.element(r);
    const std::string text = row.text(static_cast<std::size_t>(kMaxTokens));
    if (text.size() != columns || text.find_first_not_of("01") != std::string::npos) {
      row.fail(fmt::format("{} characters (kv_len), each 0 or 1", columns));
    }
    for (const char c : text) bits.push_back(c == '1' ? 1 : 0);
  }
  return bits;
}

problem::Mask read_mask(const Field& field, const std::vector<problem::Sequence>& sequences) {
  field.expect_keys({"causal", "window_left", "window_right", "attention_chunk", "tree", "custom"});
  problem::Mask mask;
  if (field.has("causal")) mask.causal = field.member("causal").boolean();
  if (field.has("window_left")) {
    mask.window_left = field.member("window_left").integer(0, kMaxInt32);
  }
  if (field.has("window_right")) {
    mask.window_right = field.member("window_right").integer(0, kMaxInt32);
  }
  if (field.has("attention_chunk")) {
    mask.attention_chunk = field.member("attention_chunk").integer(1, kMaxInt32);
  }
  if (field.has("tree")) {
    const Field trees = field.member("tree");
    mask.tree.resize(trees.list_size(problem::kMaxBatch));
    for (std::size_t b = 0; b < mask.tree.size(); ++b) {
      const Field parents = trees.element(b);
      const std::size_t size = parents.list_size(static_cast<std::size_t>(kMaxTokens));
      for (std::size_t t = 0; t < size; ++t) {
        const std::int64_t parent = parents.element(t).integer(-1, kMaxTokens);
        mask.tree[b].parent.push_back(static_cast<std::int32_t>(parent));
      }
    }
  }
  if (field.has("custom")) {
    const Field masks = field.member("custom");
    const std::size_t size = masks.list_size();
    if (size != 0 && size != sequences.size()) {
      masks.fail(fmt::format("a list of {} (one mask per sequence)", sequences.size()));
    }
    for (std::size_t b = 0; b < size; ++b) {
      mask.custom.push_back(read_custom(masks.element(b), sequences[b]));
    }
  }
  return mask;
}

}  // namespace

std::uint64_t read_exact(const Field& field, DType type) {
  const Field pattern = field.member("bits");
  const std::optional<std::uint64_t> bits = parse_bits(type, pattern.text(kMaxNameBytes));
  if (!bits) {
    pattern.fail(fmt::format("\"{}:\" and {} hex digits", problem::name_of(type),
                             2 * problem::size_of(type)));
  }
  if (field.has("value") && !agrees(type, *bits, field.member("value").decimal())) {
    field.member("value").fail(decimal_text(type, *bits) + " as the bits say");
  }
  return *bits;
}

double read_exact_double(const Field& field) {
  field.expect_keys({"bits", "value"});
  return problem::decode(DType::kF64, read_exact(field, DType::kF64));
}

problem::Problem read_problem(const Field& field) {
  field.expect_keys({"sequences",     "num_q_heads", "num_kv_heads", "head_dim_qk", "head_dim_v",
                     "v_is_k_prefix", "q_dtype",     "k_dtype",      "v_dtype",     "o_dtype",
                     "scale",         "softcap",     "alibi_slopes", "sinks",       "bias",
                     "q_scale",       "k_scale",     "v_scale",      "o_scale",     "mask"});
  problem::Problem out;
  out.sequences = read_sequences(field.member("sequences"));
  out.num_q_heads = field.member("num_q_heads").integer(1, problem::kMaxHeads);
  out.num_kv_heads = field.member("num_kv_heads").integer(1, problem::kMaxHeads);
  out.head_dim_qk = field.member("head_dim_qk").integer(1, problem::kMaxHeadDim);
  out.head_dim_v = field.member("head_dim_v").integer(1, problem::kMaxHeadDim);
  if (field.has("v_is_k_prefix")) out.v_is_k_prefix = field.member("v_is_k_prefix").boolean();
  out.q_dtype = read_type(field, "q_dtype");
  out.k_dtype = read_type(field, "k_dtype");
  out.v_dtype = read_type(field, "v_dtype");
  out.o_dtype = read_type(field, "o_dtype");
  out.scale = read_exact_double(field.member("scale"));
  if (field.has("softcap")) out.softcap = read_exact_double(field.member("softcap"));
  out.alibi_slopes = read_numbers(field, "alibi_slopes", problem::kMaxHeads);
  out.sinks = read_numbers(field, "sinks", problem::kMaxHeads);
  if (field.has("bias")) out.bias = read_bias(field.member("bias"));
  constexpr std::int64_t kMaxScales = problem::kMaxBatch * problem::kMaxHeads;
  out.q_scale = read_numbers(field, "q_scale", kMaxScales);
  out.k_scale = read_numbers(field, "k_scale", kMaxScales);
  out.v_scale = read_numbers(field, "v_scale", kMaxScales);
  if (field.has("o_scale")) out.o_scale = read_exact_double(field.member("o_scale"));
  if (field.has("mask")) out.mask = read_mask(field.member("mask"), out.sequences);
  return out;
}

}  // namespace attest::corpus
