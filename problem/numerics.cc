// The presets. Each fact names its source; what is not the same in every member of a family, or
// could not be checked, is left out.
#include "problem/numerics.h"

#include <algorithm>
#include <array>

#include "problem/name_table.h"
#include "problem/problem.h"

namespace attest::problem {
namespace {

constexpr std::array<std::string_view, 3> kAccumulators = {"nearest", "truncating", "aligned"};
constexpr std::array<std::string_view, 3> kWeightSums = {"unknown", "unrounded", "rounded"};

constexpr std::array kEveryType = {DType::kF64,  DType::kF32,  DType::kF16,
                                   DType::kBF16, DType::kE4M3, DType::kE5M2};
constexpr std::array kUpToF32 = {DType::kF32, DType::kF16, DType::kBF16};
constexpr std::array kHalves = {DType::kF16, DType::kBF16};
constexpr std::array kF16Only = {DType::kF16};
constexpr std::array kE4M3Only = {DType::kE4M3};

// u of f32, as tenths of which the instruction sets state their errors.
constexpr double kF32Roundoff = 0x1p-24;
// "max relative error 2^-11": PTX ISA, tanh.approx.f32, which softcap becomes on NVIDIA.
constexpr double kPtxTanhUlp = 0x1p-11 / kF32Roundoff;
// The error of a good exp does not grow with its argument. 0 would be the default, 3.
constexpr double kNoArgumentError = 0x1p-10;

Numerics generic(DType q_dtype) {
  return generic_numerics(q_dtype == DType::kF64 ? DType::kF64 : DType::kF32);
}

// The C library: the GNU manual's "Errors in Math Functions" has exp at 1 ulp, tanh at 2 ulp; an
// ulp is up to 2 u. Without -ffast-math compilers neither reorder sums nor flush.
Numerics cpu_scalar(DType q_dtype) {
  Numerics n = generic(q_dtype);
  n.exp_ulp = 2;
  n.exp_arg_ulp = kNoArgumentError;
  n.tanh_ulp = 5;
  n.weight_sum = WeightSum::kUnrounded;
  n.p_unnormalised = true;
  n.ordered_block = 1;
  n.keeps_subnormals = true;
  return n;
}

// Eight f32 lanes (AVX2, SVE-256) in the dot product; outputs vectorise over their own lanes, so
// that each adds its keys in order. Vector exponentials differ: the default covers 2 ulp. Libraries
// that want speed set flush-to-zero.
Numerics cpu_simd(DType q_dtype) {
  Numerics n = generic(q_dtype);
  n.dot_lanes = 8;
  n.p_unnormalised = true;
  n.ordered_block = 1;
  return n;
}

// Any attention kernel on NVIDIA tensor cores since Ampere that sums in f32. Products are aligned
// and cut: Fasi, Higham, Mikaitis, Pranesh, PeerJ CS 7:e330 (2021); how many at once and with how
// many extra bits differs between generations. exp2f compiles to ex2.approx.ftz, within 2 ulp,
// after one fma: the default covers it. P becomes the type of V for the second product, while l
// sums what it was before (flash-attention, csrc/flash_attn/src/softmax.h).
Numerics tensor_core(DType q_dtype) {
  Numerics n = generic(q_dtype);
  n.accumulator = Accumulator::kAlignedTruncating;
  n.tanh_ulp = kPtxTanhUlp;
  n.p_dtype = q_dtype;
  n.weight_sum = WeightSum::kUnrounded;
  n.p_unnormalised = true;
  return n;
}

// The narrowest key block of any head_dim and architecture is 32 (flash_fwd_launch_template.h).
Numerics flash2(DType q_dtype) {
  Numerics n = tensor_core(q_dtype);
  n.tile = 32;
  n.max_splits = 1;
  return n;
}

// The split path of FlashAttention 2: f32 partial outputs, each normalised, added up with weights
// exp(lse_s - lse) that are not divided by their sum again; at most 128 splits (flash_api.cpp).
Numerics flash_decoding(DType q_dtype) {
  Numerics n = flash2(q_dtype);
  n.max_splits = 128;
  n.merge_levels = 1;
  return n;
}

// Hopper. Its block sizes come from a heuristic (hopper/tile_size.h), none below 32; so does the
// number of splits, whose parts are combined as in FlashAttention 2.
Numerics flash3(DType q_dtype) {
  Numerics n = tensor_core(q_dtype);
  n.tile = 32;
  n.max_splits = 256;
  n.merge_levels = 1;
  return n;
}

// P = e^(t - m) * 2^8 in e4m3 (Max_offset of hopper/softmax.h). FP8 products on Hopper keep 14 bits
// of their sum: DeepSeek-V3 technical report, arXiv 2412.19437, section 3.5.2.
Numerics flash3_fp8(DType q_dtype) {
  Numerics n = flash3(q_dtype);
  n.product_bits = 14;
  n.p_dtype = DType::kE4M3;
  n.p_scale_log2 = 8;
  return n;
}

// llama.cpp on the CPU with an F16 cache (ggml-cpu/ops.cpp, flash_attn_ext): sums of V are kept in
// F16, and so are partial dot products where F16 arithmetic exists; scores, exponentials and l are
// f32. Neither x86 nor AArch64 flushes F16. Its q is F32 and rounded to F16 first: hand it q that
// F16 can hold.
Numerics ggml_f16(DType q_dtype) {
  Numerics n = generic(q_dtype);
  n.product_bits = 11;
  n.keeps_subnormals = true;
  n.tanh_ulp = 5;
  n.weight_sum = WeightSum::kUnrounded;
  n.p_unnormalised = true;
  return n;
}

// vLLM's paged_attention_v1 with f16 (csrc/attention): all scores first, so the maximum is exact; P
// is divided by l + 1e-6, then rounded; P V multiplies and adds groups of eight in f16. Compiled
// without fast math; f16 arithmetic keeps subnormals anyway. (With bf16 those groups lose too much
// to be told from a mistake; with f32 the 1e-6 is one.)
Numerics paged_v1(DType q_dtype) {
  Numerics n = generic(q_dtype);
  n.product_bits = 11;
  n.keeps_subnormals = true;
  n.p_dtype = q_dtype;
  n.weight_sum = WeightSum::kUnrounded;
  n.tile = static_cast<std::int32_t>(kMaxTokens);
  n.max_splits = 1;
  return n;
}

// vLLM's unified attention in Triton: tl.dot in f32, tl.exp, softcap from two exponentials, P in
// the type of V. Its segments are merged before they are normalised.
Numerics triton_unified(DType q_dtype) {
  Numerics n = tensor_core(q_dtype);
  n.tanh_ulp = 32;
  n.tile = 16;
  return n;
}

constexpr std::array kPresets = {
    NumericsPreset{"generic", "sums in f32 (f64 for q in f64), in any order; P is not rounded",
                   kEveryType, &generic},
    NumericsPreset{"cpu_scalar", "the C library's functions, keys in order, nothing flushed",
                   kEveryType, &cpu_scalar},
    NumericsPreset{"cpu_simd", "dot products in eight f32 lanes, keys in order", kUpToF32,
                   &cpu_simd},
    NumericsPreset{"tensor_core",
                   "NVIDIA tensor cores from Ampere on, f32 sums, P in the type of q", kHalves,
                   &tensor_core},
    NumericsPreset{"flash2", "FlashAttention 2, one pass over the keys", kHalves, &flash2},
    NumericsPreset{"flash_decoding", "FlashAttention 2, keys split, parts combined by their lse",
                   kHalves, &flash_decoding},
    NumericsPreset{"flash3", "FlashAttention 3 in f16 and bf16, split or not", kHalves, &flash3},
    NumericsPreset{"flash3_fp8", "FlashAttention 3 in e4m3: 14-bit sums, P times 2^8", kE4M3Only,
                   &flash3_fp8},
    NumericsPreset{"ggml_f16", "llama.cpp on the CPU, F16 cache: sums of V in F16", kF16Only,
                   &ggml_f16},
    NumericsPreset{"paged_v1", "vLLM paged_attention_v1 in f16: P normalised, P V in f16", kF16Only,
                   &paged_v1},
    NumericsPreset{"triton_unified", "vLLM unified attention in Triton", kHalves, &triton_unified},
};

}  // namespace

std::string_view name_of(Accumulator accumulator) { return name_in(kAccumulators, accumulator); }
std::string_view name_of(WeightSum sum) { return name_in(kWeightSums, sum); }

Numerics generic_numerics(DType type) {
  return {.accumulate = type, .score_dtype = type, .p_dtype = type, .part_dtype = type};
}

bool NumericsPreset::takes(DType q_dtype) const {
  return std::find(q_dtypes.begin(), q_dtypes.end(), q_dtype) != q_dtypes.end();
}

std::span<const NumericsPreset> numerics_presets() { return kPresets; }

const NumericsPreset* find_numerics_preset(std::string_view name) {
  for (const NumericsPreset& preset : kPresets) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

std::optional<Numerics> preset_numerics(std::string_view name, DType q_dtype) {
  const NumericsPreset* preset = find_numerics_preset(name);
  if (preset == nullptr || !preset->takes(q_dtype)) return std::nullopt;
  return preset->numerics(q_dtype);
}

}  // namespace attest::problem
