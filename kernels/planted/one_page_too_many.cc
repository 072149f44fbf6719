// Defect:  the length is computed back from a page count of kv_len / page_size + 1: a whole
//          extra page when kv_len is a multiple of page_size.
// Real:    pegainfer issue 291.
// Trigger: kv_len = page_size.
// Killers: padding, paging, oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/kernels.h"
#include "kernels/planted/stray_cursor.h"

namespace attest::kernels::planted {
namespace {

struct OnePageTooMany : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = StrayCursor<T>;  // the extra page is behind the used prefix of the table

  static std::int64_t end_key(std::int64_t kv_len, std::int64_t page_size) {
    const bool full = kv_len > 0 && kv_len % page_size == 0;
    return full ? kv_len + page_size : kv_len;
  }
};

}  // namespace

constinit const attest_kernel one_page_too_many = cpu::paged_decode<float, OnePageTooMany>(
    "planted/one_page_too_many",
    "attends to a whole extra page when kv_len is a multiple of page_size");

}  // namespace attest::kernels::planted
