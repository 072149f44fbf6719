// Labels of masks, windows, score modifiers and element types.
#include <algorithm>

#include "properties/labels.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::DType;

template <std::uint64_t kFeature>
bool has(const KernelInfo& info) {
  return info.has(kFeature);
}

using Window = std::optional<std::int64_t> problem::Mask::*;

template <Window kSide, int kWidth>
bool window_is(const Case& value) {
  return value.problem().mask.*kSide == kWidth;
}

/// The window is `off` from the longest sequence, which is no tiny one.
template <Window kSide, int kOff>
bool window_near_length(const Case& value) {
  const std::int64_t length = value.problem().max_kv_len();
  return length > 3 && value.problem().mask.*kSide == length + kOff;
}

template <Window kSide>
bool window_inside(const Case& value) {
  const auto& window = value.problem().mask.*kSide;
  return window && *window > 1 && *window < value.problem().max_kv_len() - 1;
}

template <std::uint32_t attest_capabilities::*kSet, DType kType>
bool takes(const KernelInfo& info) {
  // 0: the types of q.
  const std::uint32_t set = info.capabilities.*kSet;
  return ((set != 0 ? set : info.capabilities.q_dtypes) &
          ATTEST_DTYPE_BIT(static_cast<unsigned>(kType))) != 0;
}

template <DType problem::Problem::*kTensor, DType kType>
bool type_is(const Case& value) {
  return value.problem().*kTensor == kType;
}

constexpr Window kLeft = &problem::Mask::window_left;
constexpr Window kRight = &problem::Mask::window_right;
constexpr auto kHasLeft = has<ATTEST_FEATURE_WINDOW_LEFT>;
constexpr auto kHasRight = has<ATTEST_FEATURE_WINDOW_RIGHT>;
constexpr auto kQTypes = &attest_capabilities::q_dtypes;
constexpr auto kKvTypes = &attest_capabilities::kv_dtypes;
constexpr auto kOTypes = &attest_capabilities::o_dtypes;
constexpr auto kQ = &problem::Problem::q_dtype;
constexpr auto kK = &problem::Problem::k_dtype;
constexpr auto kO = &problem::Problem::o_dtype;

/// How many numbers a scale has: 0 none.
enum class Scaled { kTensor, kHead, kSequence };

template <Scaled kScaled>
bool scaled(const Case& value) {
  const auto& problem = value.problem();
  const auto count = static_cast<std::int64_t>(problem.k_scale.size());
  if (count == 0) return false;
  if (kScaled == Scaled::kTensor) return count == 1;
  // With one head or one sequence the shapes are the same thing.
  if (kScaled == Scaled::kHead) return count == problem.num_kv_heads && count > 1;
  return problem.batch() > 1 && count == problem.batch() * problem.num_kv_heads;
}

bool scales(const KernelInfo& info) { return info.has(ATTEST_FEATURE_SCALES); }
bool scales_of_heads(const KernelInfo& info) {
  return scales(info) && kernels::contains(info.capabilities.num_kv_heads, 2);
}

constexpr Label kFeatureLabels[] = {
    {"mask", "causal", has<ATTEST_FEATURE_CAUSAL>,
     [](const Case& value) { return value.problem().mask.causal; }},
    {"mask", "not causal", has<ATTEST_FEATURE_NON_CAUSAL>,
     [](const Case& value) { return !value.problem().mask.causal; }},
    {"start_pos", "given", has<ATTEST_FEATURE_START_POS>,
     [](const Case& value) {
       const auto& sequences = value.problem().sequences;
       return std::any_of(sequences.begin(), sequences.end(),
                          [](const auto& sequence) { return sequence.start_pos.has_value(); });
     }},
    {"window_left", "0", kHasLeft, window_is<kLeft, 0>},
    {"window_left", "1", kHasLeft, window_is<kLeft, 1>},
    {"window_left", "inside", kHasLeft, window_inside<kLeft>},
    {"window_left", "length - 1", kHasLeft, window_near_length<kLeft, -1>},
    {"window_left", "length", kHasLeft, window_near_length<kLeft, 0>},
    {"window_left", "length + 1", kHasLeft, window_near_length<kLeft, 1>},
    {"window_right", "0", kHasRight, window_is<kRight, 0>},
    {"window_right", "1", kHasRight, window_is<kRight, 1>},
    {"window_right", "inside", kHasRight, window_inside<kRight>},
    {"window_right", "length - 1", kHasRight, window_near_length<kRight, -1>},
    {"window_right", "length", kHasRight, window_near_length<kRight, 0>},
    {"window_right", "length + 1", kHasRight, window_near_length<kRight, 1>},
    {"attention_chunk", "on", has<ATTEST_FEATURE_ATTENTION_CHUNK>,
     [](const Case& value) { return value.problem().mask.attention_chunk.has_value(); }},
    {"mask of its own", "tree", has<ATTEST_FEATURE_TREE>,
     [](const Case& value) { return !value.problem().mask.tree.empty(); }},
    {"mask of its own", "custom", has<ATTEST_FEATURE_CUSTOM_MASK>,
     [](const Case& value) { return !value.problem().mask.custom.empty(); }},

    {"softcap", "on", has<ATTEST_FEATURE_SOFTCAP>,
     [](const Case& value) { return value.problem().softcap > 0; }},
    {"alibi", "on", has<ATTEST_FEATURE_ALIBI>,
     [](const Case& value) { return !value.problem().alibi_slopes.empty(); }},
    {"bias", "shared", has<ATTEST_FEATURE_BIAS>,
     [](const Case& value) { return value.problem().bias == problem::Bias::kShared; }},
    {"bias", "per head", has<ATTEST_FEATURE_BIAS>,
     [](const Case& value) { return value.problem().bias == problem::Bias::kPerHead; }},
    {"sink", "on", has<ATTEST_FEATURE_SINK>,
     [](const Case& value) { return !value.problem().sinks.empty(); }},

    {"q type", "f64", takes<kQTypes, DType::kF64>, type_is<kQ, DType::kF64>},
    {"q type", "f32", takes<kQTypes, DType::kF32>, type_is<kQ, DType::kF32>},
    {"q type", "f16", takes<kQTypes, DType::kF16>, type_is<kQ, DType::kF16>},
    {"q type", "bf16", takes<kQTypes, DType::kBF16>, type_is<kQ, DType::kBF16>},
    {"q type", "e4m3", takes<kQTypes, DType::kE4M3>, type_is<kQ, DType::kE4M3>},
    {"q type", "e5m2", takes<kQTypes, DType::kE5M2>, type_is<kQ, DType::kE5M2>},
    {"kv type", "f64", takes<kKvTypes, DType::kF64>, type_is<kK, DType::kF64>},
    {"kv type", "f32", takes<kKvTypes, DType::kF32>, type_is<kK, DType::kF32>},
    {"kv type", "f16", takes<kKvTypes, DType::kF16>, type_is<kK, DType::kF16>},
    {"kv type", "bf16", takes<kKvTypes, DType::kBF16>, type_is<kK, DType::kBF16>},
    {"kv type", "e4m3", takes<kKvTypes, DType::kE4M3>, type_is<kK, DType::kE4M3>},
    {"kv type", "e5m2", takes<kKvTypes, DType::kE5M2>, type_is<kK, DType::kE5M2>},
    {"o type", "e4m3", takes<kOTypes, DType::kE4M3>, type_is<kO, DType::kE4M3>},
    {"o type", "e5m2", takes<kOTypes, DType::kE5M2>, type_is<kO, DType::kE5M2>},
    {"k_scale", "one", scales, scaled<Scaled::kTensor>},
    {"k_scale", "per head", scales_of_heads, scaled<Scaled::kHead>},
    {"k_scale", "per sequence and head", scales_of_heads, scaled<Scaled::kSequence>},
};

}  // namespace

std::span<const Label> feature_labels() { return kFeatureLabels; }

}  // namespace attest::properties
