// Quantisation scales through whole kernels, on numbers small enough to check by hand.
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/small_floats.h"
#include "kernels/cpu/validate.h"

namespace attest::kernels::cpu {
namespace {

template <typename S>
std::vector<S> stored(const std::vector<float>& values) {
  std::vector<S> out;
  for (const float value : values) out.push_back(rounded<S>(value));
  return out;
}

template <typename S>
attest_tensor tensor(std::vector<S>& data, const std::vector<std::int64_t>& shape) {
  attest_tensor view{};
  view.data = data.data();
  view.dtype = abi_dtype<S>();
  view.rank = static_cast<std::int32_t>(shape.size());
  std::int64_t step = 1;
  for (int axis = view.rank - 1; axis >= 0; --axis) {
    view.shape[axis] = shape[static_cast<std::size_t>(axis)];
    view.stride[axis] = step;
    step *= view.shape[axis];
  }
  return view;
}

/// Two sequences with one query row, two heads and one lane each: keys 1 and -1, values 2 and 4.
class Scales : public testing::Test {
 protected:
  Scales() {
    call_.struct_size = sizeof(call_);
    call_.layout = ATTEST_LAYOUT_CONTIGUOUS;
    call_.batch = 2;
    call_.num_q_heads = call_.num_kv_heads = 2;
    call_.head_dim_qk = call_.head_dim_v = 1;
    call_.max_q_len = 1;
    call_.max_kv_len = 2;
    call_.total_q = 2;
    call_.cu_seqlens_q = {cu_q_, cu_q_, 3};
    call_.kv_len = {kv_len_, kv_len_, 2};
    call_.start_pos = {start_, start_, 2};
    call_.cu_seqlens_k = {cu_k_, cu_k_, 3};
    call_.window_left = call_.window_right = -1;
    call_.scale = 1;
    call_.q = tensor(q_, {2, 2, 1});
    call_.k = tensor(k_, {4, 2, 1});
    call_.v = tensor(v_, {4, 2, 1});
    call_.o = tensor(o_, {2, 2, 1});
  }

  /// What o holds when the score is q * k * `score` and values are `value` times what is stored.
  static float expected(float score, float value) {
    const float first = std::exp(2 * score);  // relative to the second key's weight
    return value * (2 * first + 4) / (first + 1);
  }

  void expect_output(std::size_t b, std::size_t head, float score, float value) const {
    EXPECT_NEAR(static_cast<float>(o_[2 * b + head]), expected(score, value), 0.02f * value)
        << "sequence " << b << ", head " << head;
  }

  std::int32_t cu_q_[3] = {0, 1, 2}, kv_len_[2] = {2, 2}, start_[2] = {1, 1}, cu_k_[3] = {0, 2, 4};
  std::vector<BF16> q_ = stored<BF16>({1, 1, 1, 1});
  std::vector<E4M3> k_ = stored<E4M3>({1, 1, -1, -1, 1, 1, -1, -1});
  std::vector<E4M3> v_ = stored<E4M3>({2, 2, 4, 4, 2, 2, 4, 4});
  std::vector<BF16> o_ = stored<BF16>({0, 0, 0, 0});
  std::vector<float> k_scale_, v_scale_;
  attest_attend call_{};
};

TEST_F(Scales, absent_ones_are_1) {
  ASSERT_EQ(dense_bf16_e4m3.attend(nullptr, &call_, nullptr), ATTEST_OK);
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t head = 0; head < 2; ++head) expect_output(b, head, 1, 1);
  }
}

TEST_F(Scales, per_tensor_ones_reach_every_head) {
  k_scale_ = {0.5f};
  v_scale_ = {3.0f};
  call_.k_scale = tensor(k_scale_, {1});
  call_.v_scale = tensor(v_scale_, {1});
  ASSERT_EQ(dense_bf16_e4m3.attend(nullptr, &call_, nullptr), ATTEST_OK);
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t head = 0; head < 2; ++head) expect_output(b, head, 0.5f, 3.0f);
  }
}

TEST_F(Scales, per_sequence_and_head_ones_reach_their_own) {
  k_scale_ = {0.5f, 0.25f, 2.0f, 1.0f};
  v_scale_ = {1.0f, 2.0f, 4.0f, 0.5f};
  call_.k_scale = tensor(k_scale_, {2, 2});
  call_.v_scale = tensor(v_scale_, {2, 2});
  ASSERT_EQ(dense_bf16_e4m3.attend(nullptr, &call_, nullptr), ATTEST_OK);
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t head = 0; head < 2; ++head) {
      expect_output(b, head, k_scale_[2 * b + head], v_scale_[2 * b + head]);
    }
  }
}

TEST_F(Scales, are_outside_the_capabilities_of_a_kernel_that_does_not_declare_them) {
  attest_capabilities narrow = dense_bf16_e4m3.capabilities;
  narrow.features &= ~ATTEST_FEATURE_SCALES;
  EXPECT_FALSE(find_unsupported(narrow, call_));
  v_scale_ = {2.0f};
  call_.v_scale = tensor(v_scale_, {1});
  EXPECT_TRUE(find_unsupported(narrow, call_));
}

/// dense_e4m3 on the same numbers, with scales of q and o.
class QuantisedOutputs : public Scales {
 protected:
  QuantisedOutputs() {
    call_.q = tensor(q8_, {2, 2, 1});
    call_.o = tensor(o8_, {2, 2, 1});
    call_.q_scale = tensor(q_scale_, {1});
    call_.o_scale = tensor(o_scale_, {1});
  }

  std::vector<E4M3> q8_ = stored<E4M3>({2, 2, 2, 2});
  std::vector<E4M3> o8_ = stored<E4M3>({0, 0, 0, 0});
  std::vector<float> q_scale_{0.5f}, o_scale_{0.25f};
};

TEST_F(QuantisedOutputs, hold_the_value_over_o_scale) {
  ASSERT_EQ(dense_e4m3.attend(nullptr, &call_, nullptr), ATTEST_OK);
  const float value = expected(1, 1) / 0.25f;
  for (const E4M3 o : o8_) EXPECT_EQ(o.bits, E4M3::from(value).bits);
}

TEST_F(QuantisedOutputs, saturate) {
  o_scale_[0] = 0x1p-20f;
  ASSERT_EQ(dense_e4m3.attend(nullptr, &call_, nullptr), ATTEST_OK);
  for (const E4M3 o : o8_) EXPECT_EQ(static_cast<float>(o), 448.0f);
}

}  // namespace
}  // namespace attest::kernels::cpu
