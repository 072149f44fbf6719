#include "properties/small_scope_masks.h"

#include <algorithm>
#include <optional>

namespace attest::properties {
namespace {

constexpr std::int64_t kWidest = 3;
constexpr std::int64_t kMostCustomBits = 6;

std::vector<std::optional<std::int64_t>> sides(bool declared) {
  std::vector<std::optional<std::int64_t>> widths{std::nullopt};
  for (std::int64_t width = 0; declared && width <= kWidest; ++width) widths.push_back(width);
  return widths;
}

/// Trees of `size` tokens: token t has any earlier one as its parent, or none.
std::uint32_t trees_of(std::int64_t size) {
  std::uint32_t count = 1;
  for (std::int64_t t = 0; t < size; ++t) count *= static_cast<std::uint32_t>(t + 1);
  return count;
}

}  // namespace

std::vector<problem::Mask> scope_masks(const kernels::KernelInfo& info) {
  std::vector<problem::Mask> masks;
  for (const bool causal : {false, true}) {
    if (!info.has(causal ? ATTEST_FEATURE_CAUSAL : ATTEST_FEATURE_NON_CAUSAL)) continue;
    problem::Mask mask;
    mask.causal = causal;
    for (const auto& left : sides(info.has(ATTEST_FEATURE_WINDOW_LEFT))) {
      for (const auto& right : sides(info.has(ATTEST_FEATURE_WINDOW_RIGHT))) {
        mask.window_left = left;
        mask.window_right = right;
        masks.push_back(mask);
      }
    }
    mask.window_left = mask.window_right = std::nullopt;
    for (std::int64_t chunk = 1; info.has(ATTEST_FEATURE_ATTENTION_CHUNK) && chunk <= kWidest;
         ++chunk) {
      mask.attention_chunk = chunk;
      masks.push_back(mask);
    }
  }
  return masks;
}

problem::Mask plain_mask(const kernels::KernelInfo& info) {
  problem::Mask mask;
  mask.causal = !info.has(ATTEST_FEATURE_NON_CAUSAL);
  return mask;
}

std::uint32_t count_trees(std::int64_t q_len, std::int64_t kv_len) {
  std::uint32_t count = 0;
  for (std::int64_t size = 1; size <= std::min(q_len, kv_len); ++size) count += trees_of(size);
  return std::max(count, 1u);
}

problem::Tree tree_at(std::int64_t q_len, std::int64_t kv_len, std::uint32_t number) {
  problem::Tree tree;
  std::int64_t size = std::min(q_len, kv_len) > 0 ? 1 : 0;
  for (; size > 0 && number >= trees_of(size); ++size) number -= trees_of(size);
  for (std::int64_t t = 0; t < size; ++t) {
    const auto choices = static_cast<std::uint32_t>(t + 1);
    tree.parent.push_back(static_cast<std::int32_t>(number % choices) - 1);
    number /= choices;
  }
  return tree;
}

std::uint32_t count_customs(std::int64_t q_len, std::int64_t kv_len) {
  const std::int64_t bits = q_len * kv_len;
  return bits <= kMostCustomBits ? 1u << bits : 0;
}

std::vector<std::uint8_t> custom_at(std::int64_t q_len, std::int64_t kv_len, std::uint32_t number) {
  std::vector<std::uint8_t> bits;
  for (std::int64_t i = 0; i < q_len * kv_len; ++i) {
    bits.push_back(static_cast<std::uint8_t>(number >> i & 1));
  }
  return bits;
}

}  // namespace attest::properties
