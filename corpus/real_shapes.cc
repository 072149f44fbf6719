#include "corpus/real_shapes.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <xxhash.h>

#include <fmt/format.h>

namespace attest::corpus {
namespace {

using problem::DType;
using problem::KvLayout;
using problem::Sequence;

struct Model {
  std::string_view name;    ///< of the files
  std::string_view source;  ///< of the numbers
  std::int64_t num_q_heads;
  std::int64_t num_kv_heads;
  std::int64_t head_dim_qk;
  std::int64_t head_dim_v;
  double scale;
  double softcap = 0.0;
  std::optional<std::int64_t> window;  ///< tokens a query sees, its own included
  bool mla = false;
  std::vector<double> alibi_slopes = {};
  std::vector<double> sinks = {};
};

/// One seed of a model.
struct Shape {
  std::string_view form;
  std::vector<Sequence> sequences;
  bool paged = true;
  std::int64_t gap_tokens = 0;                        ///< when contiguous
  std::int64_t tensor_parallel = 1;                   ///< ranks; the case is one of them
  std::optional<std::int64_t> needle = std::nullopt;  ///< a key that must, or must not, be heard
};

double inverse_sqrt(double x) { return 1.0 / std::sqrt(x); }

/// ALiBi with 32 heads and a maximal bias of 8: slope of head h is 2^(-8 (h + 1) / 32), as f32.
std::vector<double> mpt_slopes() {
  // 2^(-k/4) for k = 1..4; written out, because exp2 may differ between C libraries.
  constexpr double kQuarters[] = {0.8408964152537145, 0.7071067811865476, 0.5946035575013605, 0.5};
  std::vector<double> slopes(32);
  for (int h = 0; h < 32; ++h) {
    const double slope = std::ldexp(kQuarters[h % 4], -(h / 4));
    slopes[static_cast<std::size_t>(h)] = problem::round_to(DType::kF32, slope);
  }
  return slopes;
}

/// The sink logits of gpt-oss are learned weights. These are made up: 17 steps over [-2, 2].
std::vector<double> made_up_sinks() {
  std::vector<double> sinks(64);
  for (int h = 0; h < 64; ++h) sinks[static_cast<std::size_t>(h)] = (h * 5 % 17 - 8) / 4.0;
  return sinks;
}

/// 1/sqrt(qk_nope_head_dim + qk_rope_head_dim) times the square of the YaRN factor
/// 0.1 * mscale_all_dim * ln(rope factor) + 1, with mscale_all_dim 1 and rope factor 40.
double deepseek_scale() {
  constexpr double kLn40 = 3.6888794541139363;
  const double mscale = 0.1 * kLn40 + 1.0;
  return inverse_sqrt(128 + 64) * mscale * mscale;
}

/// Pages for every sequence in shuffled order, with some free ones between them.
problem::KvStorage paged_storage(const problem::Problem& problem, KvLayout layout,
                                 std::int64_t page_size, std::uint64_t seed) {
  problem::KvStorage storage;
  storage.layout = layout;
  storage.page_size = page_size;
  storage.extra_table_columns = 2;
  std::int64_t used = 0;
  for (const Sequence& sequence : problem.sequences) {
    used += (sequence.kv_len + page_size - 1) / page_size;
  }
  storage.num_pages = used + used / 8 + 3;

  std::vector<std::int32_t> pages(static_cast<std::size_t>(storage.num_pages));
  std::iota(pages.begin(), pages.end(), 0);
  for (std::size_t i = pages.size() - 1; i > 0; --i) {
    std::swap(pages[i], pages[problem::derive_seed(seed, i) % (i + 1)]);
  }
  auto next = pages.begin();
  for (const Sequence& sequence : problem.sequences) {
    const auto end = next + (sequence.kv_len + page_size - 1) / page_size;
    storage.block_table.emplace_back(next, end);
    next = end;
  }
  return storage;
}

std::string note_of(const Model& model, const Shape& shape) {
  std::string note = fmt::format("{}. Lengths scaled down.", model.source);
  if (model.window) {
    note += fmt::format(" A query sees {} keys, its own included.", *model.window);
  }
  if (shape.needle) {
    note += fmt::format(" Key {} lies on the left edge of the window of a query.", *shape.needle);
  }
  if (shape.tensor_parallel > 1) {
    note += fmt::format(" One of {} tensor parallel ranks.", shape.tensor_parallel);
  }
  return note;
}

NamedCase make_seed(const Model& model, const Shape& shape) {
  problem::Problem problem;
  problem.sequences = shape.sequences;
  problem.num_q_heads = model.num_q_heads / shape.tensor_parallel;
  problem.num_kv_heads = model.num_kv_heads / shape.tensor_parallel;
  problem.head_dim_qk = model.head_dim_qk;
  problem.head_dim_v = model.head_dim_v;
  problem.v_is_k_prefix = model.mla;
  problem.scale = model.scale;
  problem.softcap = model.softcap;
  problem.alibi_slopes = model.alibi_slopes;
  problem.sinks = model.sinks;
  problem.mask.causal = true;
  if (model.window) problem.mask.window_left = *model.window - 1;

  NamedCase out{fmt::format("{}-{}", model.name, shape.form), make_case(std::move(problem))};
  out.value.property = "oracle.output";
  out.value.expected = problem::Expectation{};
  out.value.note = note_of(model, shape);
  out.value.values.seed = XXH64(out.name.data(), out.name.size(), 0);
  out.value.values.distribution = problem::Distribution::kNormal;
  if (shape.needle) {
    out.value.values.distribution = problem::Distribution::kNeedle;
    out.value.values.needle = *shape.needle;
  }
  if (shape.paged) {
    // FlashMLA and vLLM keep the latent cache in pages of 64.
    out.value.storage =
        model.mla
            ? paged_storage(out.value.problem(), KvLayout::kMlaLatent, 64, out.value.values.seed)
            : paged_storage(out.value.problem(), KvLayout::kPagedNHD, 16, out.value.values.seed);
  } else {
    out.value.storage.gap_tokens = shape.gap_tokens;
  }
  return out;
}

// Sequences are {q_len, kv_len}; without start_pos the queries are the last tokens.
const std::vector<std::pair<Model, std::vector<Shape>>>& table() {
  const double scale_64 = inverse_sqrt(64);
  const double scale_128 = inverse_sqrt(128);
  const Model gemma = {.name = "gemma-2-9b",
                       .source =
                           "Gemma-2 9B global layer: hf.co/google/gemma-2-9b config.json "
                           "(query_pre_attn_scalar 256, attn_logit_softcapping 50)",
                       .num_q_heads = 16,
                       .num_kv_heads = 8,
                       .head_dim_qk = 256,
                       .head_dim_v = 256,
                       .scale = inverse_sqrt(256),
                       .softcap = 50.0};
  Model gemma_local = gemma;
  gemma_local.source =
      "Gemma-2 9B local layer: hf.co/google/gemma-2-9b config.json "
      "(sliding_window 4096, query_pre_attn_scalar 256, attn_logit_softcapping 50)";
  gemma_local.window = 4096;
  const Model gpt_oss = {.name = "gpt-oss-20b",
                         .source =
                             "gpt-oss-20b full-attention layer: hf.co/openai/gpt-oss-20b "
                             "config.json; sink logits made up",
                         .num_q_heads = 64,
                         .num_kv_heads = 8,
                         .head_dim_qk = 64,
                         .head_dim_v = 64,
                         .scale = scale_64,
                         .sinks = made_up_sinks()};
  Model gpt_oss_local = gpt_oss;
  gpt_oss_local.source =
      "gpt-oss-20b sliding layer: hf.co/openai/gpt-oss-20b config.json "
      "(sliding_window 128); sink logits made up";
  gpt_oss_local.window = 128;

  static const std::vector<std::pair<Model, std::vector<Shape>>> kTable = {
      {{.name = "llama-3-8b",
        .source = "Llama-3-8B: hf.co/meta-llama/Meta-Llama-3-8B config.json",
        .num_q_heads = 32,
        .num_kv_heads = 8,
        .head_dim_qk = 128,
        .head_dim_v = 128,
        .scale = scale_128},
       {{"decode", {{1, 1}, {1, 16}, {1, 17}, {1, 128}, {1, 200}}},
        {"chunked-prefill", {{6, 49}, {3, 17}}, false},
        {"mixed-batch", {{12, 12}, {1, 65}, {0, 0}, {5, 21}, {1, 1}}}}},
      {{.name = "llama-3-70b",
        .source = "Llama-3-70B: hf.co/meta-llama/Meta-Llama-3-70B config.json",
        .num_q_heads = 64,
        .num_kv_heads = 8,
        .head_dim_qk = 128,
        .head_dim_v = 128,
        .scale = scale_128},
       {{"decode", {{1, 15}, {1, 16}, {1, 17}, {1, 33}, {1, 97}}},
        {"chunked-prefill", {{4, 33}, {2, 18}}},
        {"mixed-batch", {{8, 8}, {1, 49}, {0, 16}, {3, 19}, {1, 1}}}}},
      {{.name = "mistral-7b",
        .source = "Mistral-7B v0.1: hf.co/mistralai/Mistral-7B-v0.1 config.json, arXiv 2310.06825",
        .num_q_heads = 32,
        .num_kv_heads = 8,
        .head_dim_qk = 128,
        .head_dim_v = 128,
        .scale = scale_128,
        .window = 4096},
       {{"decode", {{1, 4113}, {1, 17}}, true, 0, 1, 4113 - 4096},
        {"chunked-prefill", {{2, 4107}}, false, 0, 8, 4106 - 4096},
        {"mixed-batch", {{5, 5}, {1, 4110}, {0, 0}, {3, 33}, {1, 1}}, true, 0, 8, 4110 - 4096}}},
      {gemma_local,
       {{"decode-local", {{1, 4113}, {1, 17}}, true, 0, 1, 4113 - 4096},
        {"chunked-prefill-local", {{2, 4107}}, false, 0, 8, 4106 - 4096},
        {"mixed-batch-local", {{5, 5}, {1, 4110}, {0, 0}, {1, 1}}, true, 0, 8, 4110 - 4096}}},
      {gemma,
       {{"decode-global", {{1, 1}, {1, 17}, {1, 129}, {1, 200}}},
        {"chunked-prefill-global", {{6, 50}}, false},
        {"mixed-batch-global", {{11, 11}, {1, 80}, {0, 0}, {4, 33}, {1, 1}}}}},
      {{.name = "qwen2.5-7b",
        .source = "Qwen2.5-7B: hf.co/Qwen/Qwen2.5-7B config.json, arXiv 2412.15115",
        .num_q_heads = 28,
        .num_kv_heads = 4,
        .head_dim_qk = 128,
        .head_dim_v = 128,
        .scale = scale_128},
       {{"decode", {{1, 31}, {1, 32}, {1, 33}, {1, 1}, {1, 257}}},
        {"chunked-prefill", {{7, 48}, {1, 20}}, false, 3},
        {"mixed-batch", {{10, 10}, {1, 100}, {0, 0}, {4, 36}, {1, 1}}}}},
      {{.name = "falcon-7b",
        .source = "Falcon-7B (multi-query, 71 heads): hf.co/tiiuae/falcon-7b config.json, "
                  "arXiv 2311.16867",
        .num_q_heads = 71,
        .num_kv_heads = 1,
        .head_dim_qk = 64,
        .head_dim_v = 64,
        .scale = scale_64},
       {{"decode", {{1, 1}, {1, 16}, {1, 63}, {1, 64}, {1, 65}, {1, 100}}},
        {"chunked-prefill", {{5, 37}, {3, 40}}},
        {"mixed-batch", {{9, 9}, {1, 80}, {0, 5}, {4, 30}, {1, 1}}}}},
      {{.name = "mpt-7b",
        .source = "MPT-7B: hf.co/mosaicml/mpt-7b config.json (alibi, alibi_bias_max 8); slopes by "
                  "the rule of arXiv 2108.12409",
        .num_q_heads = 32,
        .num_kv_heads = 32,
        .head_dim_qk = 128,
        .head_dim_v = 128,
        .scale = scale_128,
        .alibi_slopes = mpt_slopes()},
       {{"decode", {{1, 1}, {1, 16}, {1, 17}, {1, 33}, {1, 290}}},
        {"chunked-prefill", {{6, 50}}, false},
        {"mixed-batch", {{11, 11}, {1, 90}, {0, 0}, {4, 33}, {1, 1}}}}},
      {gpt_oss_local,
       {{"decode-local", {{1, 1}, {1, 129}, {1, 17}, {1, 200}}, true, 0, 1, 200 - 128},
        {"chunked-prefill-local", {{2, 150}}, false, 0, 1, 149 - 128},
        {"mixed-batch-local", {{6, 6}, {1, 160}, {0, 0}, {5, 20}, {1, 1}}, true, 0, 1, 160 - 128}}},
      {gpt_oss,
       {{"decode-global", {{1, 1}, {1, 16}, {1, 128}, {1, 180}}},
        {"chunked-prefill-global", {{6, 50}}, false},
        {"mixed-batch-global", {{11, 11}, {1, 90}, {0, 0}, {4, 33}, {1, 1}}}}},
      {{.name = "deepseek-v3",
        .source =
            "DeepSeek-V3 MLA, absorbed form: hf.co/deepseek-ai/DeepSeek-V3 config.json "
            "(kv_lora_rank 512, qk_rope_head_dim 64; scale 1/sqrt(192) times the squared YaRN "
            "factor), arXiv 2412.19437",
        .num_q_heads = 128,
        .num_kv_heads = 1,
        .head_dim_qk = 576,
        .head_dim_v = 512,
        .scale = deepseek_scale(),
        .mla = true},
       {{"decode", {{1, 1}, {1, 33}, {1, 64}, {1, 65}}},
        {"chunked-prefill", {{3, 20}}},
        {"mixed-batch", {{4, 4}, {1, 33}, {0, 0}, {2, 18}, {1, 1}}}}},
  };
  return kTable;
}

}  // namespace

std::vector<NamedCase> real_shapes() {
  std::vector<NamedCase> seeds;
  for (const auto& [model, shapes] : table()) {
    for (const Shape& shape : shapes) seeds.push_back(make_seed(model, shape));
  }
  return seeds;
}

}  // namespace attest::corpus
