// Defect:  the offset inside a page wraps at the tile of 8 keys: every tile of a page reads the
//          first one.
// Real:    flashinfer issue 4347.
// Trigger: page_size > 8, kv_len > 8.
// Killers: paging (page size, layout), oracle.
#include <cstdint>

#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class WrappedOffset : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Row = cpu::Lanes<const cpu::Cache<T>>;

  Row k(std::int64_t key, std::int64_t kv_head) const {
    return cpu::KvCursor<T>::k(wrapped(key), kv_head);
  }
  Row v(std::int64_t key, std::int64_t kv_head) const {
    return cpu::KvCursor<T>::v(wrapped(key), kv_head);
  }

 private:
  std::int64_t wrapped(std::int64_t key) const {
    const std::int64_t page_size = this->call_.page_size;
    if (this->call_.layout < ATTEST_LAYOUT_PAGED_NHD || page_size <= cpu::kKeysPerTile) return key;
    const std::int64_t offset = key % page_size;
    if (offset >= cpu::kKeysPerTile) defect_ran();
    return key - offset + offset % cpu::kKeysPerTile;
  }
};

struct PageWiderThanTile : cpu::PrefillKeyOuterSteps {
  template <typename T>
  using Cursor = WrappedOffset<T>;
};

}  // namespace

constinit const attest_kernel page_wider_than_tile =
    cpu::prefill_key_outer<float, PageWiderThanTile>("planted/page_wider_than_tile",
                                                     "the offset inside a page wraps at the tile");

}  // namespace attest::kernels::planted
