// Defect:  the length is computed back from a page count of kv_len / page_size + 1: a whole
//          extra page when kv_len is a multiple of page_size.
// Real:    pegainfer issue 291.
// Trigger: kv_len = page_size.
// Killers: padding, paging, oracle.
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"
#include "kernels/planted/stray_cursor.h"

namespace attest::kernels::planted {
namespace {

struct OnePageTooMany : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = StrayCursor<T>;  // the extra page is behind the used prefix of the table

  static std::int64_t end_key(const attest_attend& call, const cpu::Sequence& sequence) {
    const bool full = sequence.kv_len > 0 && sequence.kv_len % call.page_size == 0;
    if (full) defect_ran();
    return full ? sequence.kv_len + call.page_size : sequence.kv_len;
  }
};

}  // namespace

constinit const attest_kernel one_page_too_many = cpu::paged_decode<float, OnePageTooMany>(
    "planted/one_page_too_many",
    "attends to a whole extra page when kv_len is a multiple of page_size");

}  // namespace attest::kernels::planted
