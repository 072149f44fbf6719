// Defect:  the block table is looked up once per tile of 16 keys, though a tile may span pages:
//          what lies behind the first page in the pool is taken for its next pages.
// Real:    flashinfer PR 3022.
// Trigger: page_size < 16, a second page that does not follow the first in the pool.
// Killers: paging (relocation), oracle.
#include <cstdint>
#include <limits>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class PagePerTile : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Row = cpu::Lanes<const cpu::Cache<T>>;

  Row k(std::int64_t key, std::int64_t kv_head) const { return at(this->call_.k, key, kv_head); }
  Row v(std::int64_t key, std::int64_t kv_head) const { return at(this->call_.v, key, kv_head); }

 private:
  // Behind the pool lies whatever memory a real kernel would read there.
  static constexpr cpu::Cache<T> kOutside =
      cpu::rounded<cpu::Cache<T>>(std::numeric_limits<cpu::Compute<T>>::quiet_NaN());

  Row at(const attest_tensor& tensor, std::int64_t key, std::int64_t kv_head) const {
    const attest_attend& call = this->call_;
    const std::int64_t tile = key / cpu::PagedDecodeSteps::kTile * cpu::PagedDecodeSteps::kTile;
    const std::int64_t block = tile / call.page_size;
    if (block != key / call.page_size) defect_ran();
    const std::int64_t slot =
        cpu::TableRows::page(call, this->b_, block) * call.page_size + key - block * call.page_size;
    if (slot >= call.num_pages * call.page_size) return {&kOutside, 0};
    return cpu::paged_lanes<const cpu::Cache<T>>(call.layout, tensor, slot / call.page_size,
                                                 slot % call.page_size, kv_head);
  }
};

struct PageIndexPerOuterLoop : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = PagePerTile<T>;
};

}  // namespace

constinit const attest_kernel page_index_per_outer_loop =
    cpu::paged_decode<float, PageIndexPerOuterLoop>(
        "planted/page_index_per_outer_loop", "one table look-up per tile, whatever the page size");

}  // namespace attest::kernels::planted
