// For planted kernels that look up pages a sequence does not own. A real kernel would read whatever
// the table row is followed by, and whatever memory an id outside the pool leads to, or fault. So
// that the defect is a wrong value and not a crash: past its end a table row repeats its last
// entry, and outside the pool everything is NaN.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu/views.h"

namespace attest::kernels::planted {

template <typename T>
class StrayCursor : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;

  using Element = typename cpu::KvCursor<T>::Element;

  cpu::Lanes<const Element> k(std::int64_t key, std::int64_t kv_head) const {
    return stray(this->call_.k, key, kv_head);
  }
  cpu::Lanes<const Element> v(std::int64_t key, std::int64_t kv_head) const {
    return stray(this->call_.v, key, kv_head);
  }

 private:
  static constexpr Element kOutside =
      cpu::rounded<Element>(std::numeric_limits<cpu::Compute<T>>::quiet_NaN());

  cpu::Lanes<const Element> stray(const attest_tensor& tensor, std::int64_t key,
                                  std::int64_t kv_head) const {
    const attest_attend& call = this->call_;
    const std::int64_t last_column = call.max_blocks - 1;
    const std::int64_t column = std::min<std::int64_t>(key / call.page_size, last_column);
    const std::int64_t page = call.block_table.host[this->b_ * call.max_blocks + column];
    if (page < 0 || page >= call.num_pages) return {&kOutside, 0};
    return cpu::paged_lanes<const Element>(call.layout, tensor, page, key % call.page_size,
                                           kv_head);
  }
};

}  // namespace attest::kernels::planted
