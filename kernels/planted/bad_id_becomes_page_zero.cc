// Defect:  a tile of 16 keys reaches table entries past the used prefix; ids outside the pool
//          are no longer skipped there but clamped to 0, and page 0 takes part.
// Real:    onnxruntime PR 32391.
// Trigger: page_size < 16, kv_len % page_size = 0, a junk id outside the pool behind it.
// Killers: padding (table tail), oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

bool is_outside(const attest_attend& call, std::int64_t page) {
  return page < 0 || page >= call.num_pages;
}

template <typename T>
class ClampedCursor : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Row = cpu::Lanes<const cpu::Cache<T>>;

  Row k(std::int64_t key, std::int64_t kv_head) const { return at(this->call_.k, key, kv_head); }
  Row v(std::int64_t key, std::int64_t kv_head) const { return at(this->call_.v, key, kv_head); }

 private:
  Row at(const attest_tensor& tensor, std::int64_t key, std::int64_t kv_head) const {
    const attest_attend& call = this->call_;
    const std::int64_t page = cpu::TableRows::page(call, this->b_, key / call.page_size);
    return cpu::paged_lanes<const cpu::Cache<T>>(
        call.layout, tensor, is_outside(call, page) ? 0 : page, key % call.page_size, kv_head);
  }
};

struct BadIdBecomesPageZero : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = ClampedCursor<T>;

  static std::int64_t end_key(const attest_attend& call, const cpu::Sequence& sequence) {
    std::int64_t end = sequence.kv_len;
    if (end % call.page_size != 0) return end;
    const std::int64_t tile_end = (end + kTile - 1) / kTile * kTile;
    while (end < tile_end && end / call.page_size < call.max_blocks &&
           is_outside(call, cpu::TableRows::page(call, sequence.index, end / call.page_size))) {
      defect_ran();
      end += call.page_size;
    }
    return end;
  }
};

}  // namespace

constinit const attest_kernel bad_id_becomes_page_zero =
    cpu::paged_decode<float, BadIdBecomesPageZero>("planted/bad_id_becomes_page_zero",
                                                   "table entries outside the pool become page 0");

}  // namespace attest::kernels::planted
