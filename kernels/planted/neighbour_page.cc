// Defect:  the pages of all sequences are found by counting tokens, as if each sequence began
//          where the one before ends: one that begins inside a page reads the last slots of its
//          neighbour.
// Real:    sglang-jax issue 20.
// Trigger: two sequences, kv_len % page_size != 0 in the first.
// Killers: batch, paging, oracle.
#include <cstdint>

#include "kernels/cpu/ragged_batch.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class TokenCountCursor : public cpu::KvCursor<T> {
 public:
  TokenCountCursor(const attest_attend& call, std::int64_t b) : cpu::KvCursor<T>(call, b) {
    for (std::int64_t i = 0; i < b; ++i) first_token_ += call.kv_len.host[i];
  }
  using Row = cpu::Lanes<const cpu::Cache<T>>;

  Row k(std::int64_t key, std::int64_t kv_head) const {
    return is_paged() ? at(this->call_.k, key, kv_head) : cpu::KvCursor<T>::k(key, kv_head);
  }
  Row v(std::int64_t key, std::int64_t kv_head) const {
    return is_paged() ? at(this->call_.v, key, kv_head) : cpu::KvCursor<T>::v(key, kv_head);
  }

 private:
  bool is_paged() const { return this->call_.layout >= ATTEST_LAYOUT_PAGED_NHD; }

  // Block `block` of the used pages of all sequences, one after the other.
  std::int64_t page(std::int64_t block) const {
    const attest_attend& call = this->call_;
    for (std::int64_t b = 0;; ++b) {
      const std::int64_t used = (call.kv_len.host[b] + call.page_size - 1) / call.page_size;
      if (block < used) return cpu::TableRows::page(call, b, block);
      block -= used;
    }
  }

  Row at(const attest_tensor& tensor, std::int64_t key, std::int64_t kv_head) const {
    const attest_attend& call = this->call_;
    const std::int64_t token = first_token_ + key;
    const std::int64_t id = page(token / call.page_size);
    if (token % call.page_size != key % call.page_size ||
        id != cpu::TableRows::page(call, this->b_, key / call.page_size)) {
      defect_ran();
    }
    return cpu::paged_lanes<const cpu::Cache<T>>(call.layout, tensor, id, token % call.page_size,
                                                 kv_head);
  }

  std::int64_t first_token_ = 0;
};

struct NeighbourPage : cpu::RaggedBatchSteps {
  template <typename T>
  using Cursor = TokenCountCursor<T>;
};

}  // namespace

constinit const attest_kernel neighbour_page = cpu::ragged_batch<float, NeighbourPage>(
    "planted/neighbour_page", "pages are found by counting the tokens of earlier sequences");

}  // namespace attest::kernels::planted
