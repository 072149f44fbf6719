// KvCursor against the shapes that kernels/attest_kernel.h writes beside each layout.
#include "kernels/cpu/views.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace attest::kernels::cpu {
namespace {

constexpr std::int64_t kPages = 3, kPage = 4, kHeads = 2, kDim = 6, kX = 2;

/// A packed tensor whose elements are their own index in memory.
class Numbered {
 public:
  explicit Numbered(std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    view_.rank = static_cast<std::int32_t>(shape.size());
    for (int axis = view_.rank - 1; axis >= 0; --axis) {
      view_.shape[axis] = shape[static_cast<std::size_t>(axis)];
      view_.stride[axis] = count;
      count *= view_.shape[axis];
    }
    data_.resize(static_cast<std::size_t>(count));
    std::iota(data_.begin(), data_.end(), 0.0f);
    view_.data = data_.data();
  }
  attest_tensor view() const { return view_; }

 private:
  std::vector<float> data_;
  attest_tensor view_{};
};

/// Two sequences of 6 tokens, the second on pages 2 and 0.
class Views : public testing::Test {
 protected:
  Views() {
    call_.page_size = kPage;
    call_.max_blocks = 2;
    call_.num_pages = kPages;
    call_.block_table = {table_, table_, 4};
    call_.block_indptr = {indptr_, indptr_, 3};
    call_.block_indices = {indices_, indices_, 4};
    call_.cu_seqlens_k = {cu_k_, cu_k_, 3};
  }

  /// Checks every lane of the second sequence against `index(page, offset, head, lane)`.
  template <typename Table = TableRows, typename Index>
  void expect_places(bool is_k, Index&& index) const {
    const KvCursor<float, Table> kv(call_, 1);
    for (std::int64_t token = 0; token < 6; ++token) {
      const std::int64_t page = token < kPage ? 2 : 0;
      for (std::int64_t head = 0; head < kHeads; ++head) {
        const auto lanes = is_k ? kv.k(token, head) : kv.v(token, head);
        for (std::int64_t lane = 0; lane < kDim; ++lane) {
          ASSERT_EQ(lanes[lane], static_cast<float>(index(page, token % kPage, head, lane)))
              << "token " << token << ", head " << head << ", lane " << lane;
        }
      }
    }
  }

  attest_attend call_{};
  std::int32_t table_[4] = {1, -1, 2, 0};
  std::int32_t indptr_[3] = {0, 1, 3};
  std::int32_t indices_[4] = {1, 2, 0, -1};
  std::int32_t cu_k_[3] = {0, 5, 11};
};

std::int64_t nhd(std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
  return ((page * kPage + offset) * kHeads + head) * kDim + lane;
}

TEST_F(Views, contiguous_tokens_begin_at_cu_seqlens_k) {
  const Numbered k({11, kHeads, kDim});
  call_.layout = ATTEST_LAYOUT_CONTIGUOUS;
  call_.k = k.view();
  expect_places(true,
                [](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  const std::int64_t token = page == 2 ? offset : kPage + offset;
                  return ((5 + token) * kHeads + head) * kDim + lane;
                });
}

TEST_F(Views, padded_sequences_are_a_row_each) {
  const Numbered k({2, 7, kHeads, kDim});
  call_.layout = ATTEST_LAYOUT_PADDED;
  call_.k = k.view();
  expect_places(true,
                [](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  const std::int64_t token = page == 2 ? offset : kPage + offset;
                  return ((7 + token) * kHeads + head) * kDim + lane;
                });
}

TEST_F(Views, pages_are_found_through_the_rows_of_the_table) {
  const Numbered k({kPages, kPage, kHeads, kDim});
  call_.layout = ATTEST_LAYOUT_PAGED_NHD;
  call_.k = k.view();
  expect_places(true, nhd);
}

TEST_F(Views, pages_are_found_through_the_csr_form) {
  const Numbered k({kPages, kPage, kHeads, kDim});
  call_.layout = ATTEST_LAYOUT_PAGED_NHD;
  call_.k = k.view();
  call_.block_table = {};
  expect_places<TableCsr>(true, nhd);
}

TEST_F(Views, hnd_pages_hold_one_head_after_the_other) {
  const Numbered v({kPages, kHeads, kPage, kDim});
  call_.layout = ATTEST_LAYOUT_PAGED_HND;
  call_.v = v.view();
  expect_places(false,
                [](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  return ((page * kHeads + head) * kPage + offset) * kDim + lane;
                });
}

TEST_F(Views, interleaved_keys_and_values_are_views_of_one_tensor) {
  const Numbered kv({kPages, 2, kPage, kHeads, kDim});
  call_.layout = ATTEST_LAYOUT_PAGED_INTERLEAVED;
  const std::int64_t half = kPage * kHeads * kDim;
  attest_tensor view = kv.view();
  view.rank = 4;
  for (int axis = 1; axis < 4; ++axis) {
    view.shape[axis] = view.shape[axis + 1];
    view.stride[axis] = view.stride[axis + 1];
  }
  call_.k = call_.v = view;
  call_.v.data = static_cast<float*>(view.data) + half;
  expect_places(true,
                [=](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  return page * half + nhd(page, offset, head, lane);
                });
  expect_places(false,
                [=](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  return (page + 1) * half + nhd(page, offset, head, lane);
                });
}

TEST_F(Views,
       x_split_keys_hold_x_lanes_of_every_token_together_and_values_a_token_after_the_other) {
  const Numbered k({kPages, kHeads, kDim / kX, kPage, kX});
  const Numbered v({kPages, kHeads, kDim, kPage});
  call_.layout = ATTEST_LAYOUT_PAGED_X_SPLIT;
  call_.k = k.view();
  call_.v = v.view();
  expect_places(true, [](std::int64_t page, std::int64_t offset, std::int64_t head,
                         std::int64_t lane) {
    return (((page * kHeads + head) * (kDim / kX) + lane / kX) * kPage + offset) * kX + lane % kX;
  });
  expect_places(false,
                [](std::int64_t page, std::int64_t offset, std::int64_t head, std::int64_t lane) {
                  return ((page * kHeads + head) * kDim + lane) * kPage + offset;
                });
}

TEST_F(Views, strides_are_followed_in_every_axis) {
  const Numbered k({kPages, kPage, kHeads, 2 * kDim});
  call_.layout = ATTEST_LAYOUT_PAGED_NHD;
  call_.k = k.view();
  call_.k.stride[3] = 2;  // every second lane
  call_.k.stride[2] = 0;  // expanded heads
  expect_places(true, [](std::int64_t page, std::int64_t offset, std::int64_t, std::int64_t lane) {
    return (page * kPage + offset) * kHeads * 2 * kDim + 2 * lane;
  });
}

}  // namespace
}  // namespace attest::kernels::cpu
