// Published checks of other projects, one row each. The tolerances here are facts about those
// projects and judge nothing in attest. Read from stored copies of the files named; newer versions
// may differ. Dropout, rotary embedding, int8 and int4 caches and backward passes are left out.
#include <algorithm>

#include "bench/policies/policy.h"

namespace attest::bench {
namespace {

using problem::DType;
using problem::KvLayout;

constexpr DType kF32 = DType::kF32, kF16 = DType::kF16, kBF16 = DType::kBF16;
constexpr DType kE4M3 = DType::kE4M3, kE5M2 = DType::kE5M2;

TypeRule close(DType type, double atol, double rtol) {
  return {.q = type, .kv = type, .o = type, .atol = atol, .rtol = rtol};
}

TypeRule times(Rule rule, DType type, double factor) {
  return {.q = type, .kv = type, .o = type, .rule = rule, .factor = factor};
}

// vLLM, tests/kernels/attention/test_attention.py, test_paged_attention: NUM_GEN_SEQS, NUM_HEADS,
// HEAD_SIZES, BLOCK_SIZES, USE_ALIBI; atol, rtol = 1e-3, 1e-5, with an fp8 cache 1e-2, 1e-5.
// MAX_SEQ_LEN is shared memory / 4 - 512; 57600 is that of 227 KiB. The cache is uniform too
// (create_kv_caches_with_random). Unused slots of an fp8 V hold NaN.
Policy vllm() {
  const auto fp8 = [](DType type) {
    return TypeRule{.q = type,
                    .kv = kE4M3,
                    .o = type,
                    .atol = 1e-2,
                    .rtol = 1e-5,
                    .k_scale = 0.5,
                    .v_scale = 0.25};
  };
  Policy p;
  p.id = "vllm-paged";
  p.source = "vLLM, tests/kernels/attention/test_attention.py, test_paged_attention";
  p.types = {close(kBF16, 1e-3, 1e-5), close(kF16, 1e-3, 1e-5), fp8(kBF16), fp8(kF16)};
  p.reference = Reference::kLowPrecision;
  p.batches = {7};
  p.lengths = {{1, 57600, Spread::kAnyKv}};
  p.heads = {{32, 8}, {40, 40}, {64, 8}};
  p.head_dims = {{64, 64}, {128, 128}};
  p.causal = {false};
  p.alibi = Alibi::kNormal;
  p.fill = Fill::kUniform;
  p.over_root_dim = true;
  p.layouts = {KvLayout::kPagedXSplit};
  p.page_sizes = {16, 32};
  p.shuffled_pages = true;
  p.unused = Unused::kLikeTokens;
  p.nan_in_unused_v_of_fp8 = true;
  return p;
}

// FlashAttention, tests/test_flash_attn.py, test_flash_attn_output and
// test_flash_attn_varlen_output: the error is at most twice that of attention in fp16. `local` and
// softcap are held at off there.
Policy flash_attention() {
  Policy p;
  p.id = "flash-attention";
  p.source =
      "FlashAttention, tests/test_flash_attn.py, test_flash_attn_output, "
      "test_flash_attn_varlen_output";
  p.types = {times(Rule::kMaxTimes, kF16, 2)};
  p.scales_keys = true;
  p.batches = {4};
  for (const auto& [q, kv] : std::vector<std::pair<std::int64_t, std::int64_t>>{{113, 203},
                                                                                {128, 217},
                                                                                {113, 211},
                                                                                {108, 256},
                                                                                {256, 512},
                                                                                {512, 256},
                                                                                {1024, 1024},
                                                                                {1023, 1024},
                                                                                {1024, 1023},
                                                                                {2048, 2048}}) {
    p.lengths.push_back({q, kv});
    p.lengths.push_back({q, kv, Spread::kLastTwenty});
  }
  p.lengths.push_back({1, 147, Spread::kLastTwenty});
  p.heads = {{6, 6}, {6, 1}, {6, 2}};
  for (const std::int64_t d : {32, 40, 59, 64, 80, 96, 111, 128, 160, 192, 224, 256})
    p.head_dims.push_back({d, d});
  p.causal = {false, true};
  p.alibi = Alibi::kUniform;
  p.alibi_size = 0.3;
  p.layouts = {KvLayout::kPadded, KvLayout::kContiguous};
  return p;
}

// FlashInfer, tests/test_batch_decode_kernels.py, test_batch_decode_with_paged_kv_cache: rtol =
// atol = 1e-3. contiguous_kv = False makes K and V every second slice of a larger tensor.
Policy flashinfer() {
  const auto rule = [](DType kv) {
    return TypeRule{.q = kF16, .kv = kv, .o = kF16, .atol = 1e-3, .rtol = 1e-3};
  };
  Policy p;
  p.id = "flashinfer-decode";
  p.source =
      "FlashInfer, tests/test_batch_decode_kernels.py, test_batch_decode_with_paged_kv_cache";
  p.types = {rule(kF16), rule(kE4M3), rule(kE5M2)};
  p.reference = Reference::kRounded;
  p.batches = {12, 17};
  p.lengths = {{1, 54}, {1, 97}, {1, 512}};
  p.heads = {{4, 4}, {32, 4}};
  p.head_dims = {{128, 128}, {256, 256}};
  p.causal = {false};
  p.softcaps = {0, 30};
  p.alibi = Alibi::kGeometric;
  p.layouts = {KvLayout::kPagedInterleaved, KvLayout::kPagedHND, KvLayout::kPagedNHD};
  p.page_sizes = {1, 8, 16};
  p.unused = Unused::kLikeTokens;
  p.gaps_after_heads = true;
  return p;
}

// llama.cpp, tests/test-backend-ops.cpp, test_flash_attn_ext: max_nmse_err() = 5e-4;
// init_tensor_uniform is [-1, 1), the mask included. ALiBi (max_bias) multiplies that mask and has
// no counterpart here; quantised caches are left out.
Policy llama() {
  Policy p;
  p.id = "llama.cpp";
  p.source = "llama.cpp, tests/test-backend-ops.cpp, test_flash_attn_ext";
  p.types = {{.q = kF32, .kv = kF16, .o = kF32, .rule = Rule::kNmse, .factor = 5e-4}};
  p.batches = {1};
  for (const std::int64_t q : {1, 3, 32, 35})
    for (const std::int64_t kv : {512, 1024}) p.lengths.push_back({q, kv});
  p.heads = {{32, 32}};
  p.head_dims = {{64, 64}, {80, 80}, {128, 128}, {256, 256}};
  p.causal = {false};
  p.softcaps = {0, 10};
  p.bias = Bias::kUniformShared;
  p.fill = Fill::kUniform;
  return p;
}

// ONNX Runtime, onnxruntime/test/python/transformers/test_gqa.py, parity_check_gqa_prompt and
// parity_check_gqa_past (std = 0.2), gqa_cuda_prompt_test_cases and gqa_cuda_past_test_cases; the
// tables rtol and atol.
Policy onnxruntime() {
  Policy p;
  p.id = "onnxruntime-gqa";
  p.source =
      "ONNX Runtime, onnxruntime/test/python/transformers/test_gqa.py, parity_check_gqa_prompt, "
      "parity_check_gqa_past";
  p.types = {close(kF16, 5e-3, 5e-3), close(kBF16, 1e-2, 5e-2)};
  p.reference = Reference::kRounded;
  p.batches = {1, 2, 3, 5};
  for (const std::int64_t s : {1, 35, 64, 128, 240, 2000}) p.lengths.push_back({s, s});
  for (const std::int64_t past : {1, 128, 2048, 5000})
    p.lengths.push_back({1, past, Spread::kPast});
  p.lengths.push_back({3, 256, Spread::kPast});
  p.heads = {{6, 3}, {3, 1}, {32, 8}, {9, 9}};
  for (const std::int64_t d : {128, 32, 40, 64, 80, 160, 256}) p.head_dims.push_back({d, d});
  p.causal = {true};
  p.softcaps = {0, 50};
  p.half_window = true;
  p.sinks = true;
  p.size = 0.2;
  p.layouts = {KvLayout::kPadded, KvLayout::kContiguous};
  return p;
}

// PyTorch, test/inductor/test_flex_attention.py, _check_equal: the mean error is at most 1.1 times
// (f32: 10 times) that of eager attention; B, H, S, D = 4, 8, 2048, 64, Q of half the length in
// test_builtin_score_mods_different_seqlen, heads of test_Hq_Hkv. Of the score mods those that the
// definition knows for all rows: none and causal.
Policy flex() {
  Policy p;
  p.id = "pytorch-flex";
  p.source = "PyTorch, test/inductor/test_flex_attention.py, test_builtin_score_mods, test_GQA";
  p.types = {times(Rule::kMeanTimes, kF32, 10), times(Rule::kMeanTimes, kBF16, 1.1),
             times(Rule::kMeanTimes, kF16, 1.1)};
  p.batches = {4};
  p.lengths = {{2048, 2048}, {1024, 2048}};
  p.heads = {{8, 8}, {4, 2}, {4, 1}};
  p.head_dims = {{64, 64}};
  p.causal = {false, true};
  p.top_left = true;
  p.layouts = {KvLayout::kPadded, KvLayout::kContiguous};
  return p;
}

// xformers, tests/test_mem_eff_attention.py, test_forward and test_logsumexp (atol 2e-4, rtol 1e-5
// by default), generate_test_shapes_B_Mq_Mkv_H_K_Kv, create_tensors (scale = 3, tensor bias
// randn * 3); xformers/ops/fmha/common.py, AttentionFwOpBase, ERROR_ATOL and ERROR_RTOL.
Policy xformers() {
  Policy p;
  p.id = "xformers";
  p.source = "xformers, tests/test_mem_eff_attention.py, test_forward, test_logsumexp";
  p.types = {close(kF32, 3e-4, 2e-5), close(kF16, 4e-3, 4e-4), close(kBF16, 2e-2, 5e-3)};
  p.lse_atol = 2e-4;
  p.lse_rtol = 1e-5;
  p.batches = {1, 300};
  for (const std::int64_t q : {32, 256})
    for (const std::int64_t kv : {32, 64, 256}) p.lengths.push_back({q, kv});
  for (const std::int64_t m : {2, 3, 15, 31, 32, 34, 68, 72, 90, 132, 136}) {
    p.lengths.push_back({m, 128});
    p.lengths.push_back({256, m});
  }
  p.lengths.push_back({16, 1024});
  p.lengths.push_back({1024, 16});
  p.heads = {{1, 1}, {3, 3}, {5, 5}, {12, 12}};
  for (const std::int64_t d : {32, 128, 1, 2, 3, 31, 34, 36, 38, 40, 64, 256})
    p.head_dims.push_back({d, d});
  for (const std::int64_t d : {36, 64}) {
    p.head_dims.push_back({32, d});
    p.head_dims.push_back({d, 32});
  }
  p.causal = {false, true};
  p.top_left = true;
  p.bias = Bias::kNormalPerKey;
  p.bias_size = 3;
  p.size = 3;
  p.layouts = {KvLayout::kPadded, KvLayout::kContiguous};
  return p;
}

}  // namespace

std::span<const Policy> all_policies() {
  static const std::vector<Policy> all = {
      vllm(), flash_attention(), flashinfer(), llama(), onnxruntime(), flex(), xformers()};
  return all;
}

const Policy* find_policy(std::string_view id) {
  const auto all = all_policies();
  const auto found =
      std::find_if(all.begin(), all.end(), [id](const Policy& p) { return p.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace attest::bench
