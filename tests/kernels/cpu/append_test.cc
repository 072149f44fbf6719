// Appending to a cache of another type: what is stored, and where.
#include "kernels/cpu/append.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/kernels.h"

namespace attest::kernels::cpu {
namespace {

template <typename S>
attest_tensor packed(std::vector<S>& data, std::int32_t dtype,
                     const std::vector<std::int64_t>& shape) {
  attest_tensor view{};
  view.data = data.data();
  view.dtype = dtype;
  view.rank = static_cast<std::int32_t>(shape.size());
  std::int64_t step = 1;
  for (int axis = view.rank - 1; axis >= 0; --axis) {
    view.shape[axis] = shape[static_cast<std::size_t>(axis)];
    view.stride[axis] = step;
    step *= view.shape[axis];
  }
  return view;
}

/// Two tokens of two heads with one lane into pages of 2 in the HND layout.
class Append : public testing::Test {
 protected:
  Append() {
    call_.struct_size = sizeof(call_);
    call_.layout = ATTEST_LAYOUT_PAGED_HND;
    call_.num_kv_heads = 2;
    call_.head_dim_qk = call_.head_dim_v = 1;
    call_.page_size = 2;
    call_.num_pages = 2;
    call_.num_tokens = 2;
    call_.k_new = call_.v_new = packed(new_, ATTEST_BF16, {2, 2, 1});
    call_.slot_mapping = packed(slots_, ATTEST_I64, {2});
    call_.k = packed(k_, ATTEST_E4M3, {2, 2, 2, 1});
    call_.v = packed(v_, ATTEST_E4M3, {2, 2, 2, 1});
    call_.k_scale = packed(k_scale_, ATTEST_F32, {2});
    call_.v_scale = packed(v_scale_, ATTEST_F32, {1});
  }

  static std::vector<float> values(const std::vector<E4M3>& cache) {
    std::vector<float> out;
    for (const E4M3 element : cache) out.push_back(static_cast<float>(element));
    return out;
  }

  std::vector<BF16> new_{BF16::from(4), BF16::from(6), BF16::from(-8), BF16::from(12)};
  std::vector<std::int64_t> slots_{3, -1};
  std::vector<E4M3> k_ = std::vector<E4M3>(8, E4M3::from(1));
  std::vector<E4M3> v_ = std::vector<E4M3>(8, E4M3::from(1));
  std::vector<float> k_scale_{2, 0.5f}, v_scale_{4};
  attest_append call_{};
};

TEST_F(Append, divides_by_the_scale_of_the_head_and_skips_negative_slots) {
  ASSERT_EQ(append_bf16_e4m3.append(nullptr, &call_, nullptr), ATTEST_OK);
  // Slot 3 is the second of page 1; head 0 is before head 1.
  EXPECT_EQ(values(k_), (std::vector<float>{1, 1, 1, 1, 1, 2, 1, 12}));
  EXPECT_EQ(values(v_), (std::vector<float>{1, 1, 1, 1, 1, 1, 1, 1.5f}));
}

TEST_F(Append, saturates) {
  k_scale_[0] = 0x1p-10f;
  ASSERT_EQ(append_bf16_e4m3.append(nullptr, &call_, nullptr), ATTEST_OK);
  EXPECT_EQ(values(k_)[5], 448.0f);
}

TEST_F(Append, writes_nothing_when_a_slot_is_past_the_cache) {
  slots_[1] = 4;
  EXPECT_EQ(append_bf16_e4m3.append(nullptr, &call_, nullptr), ATTEST_REFUSED);
  EXPECT_EQ(values(k_), std::vector<float>(8, 1));
}

}  // namespace
}  // namespace attest::kernels::cpu
