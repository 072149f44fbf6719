// Defect:  page id times page stride is computed in 32 bits. What a wrapped offset leads to is NaN
//          here; a real kernel reads another page or faults.
// Real:    vllm PR 47671, flashinfer PR 3136.
// Trigger: a page that begins past 2^31 elements.
// Killers: paging (high ids).
#include <cstdint>
#include <limits>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class NarrowOffset : public cpu::KvCursor<T> {
 public:
  using cpu::KvCursor<T>::KvCursor;
  using Element = typename cpu::KvCursor<T>::Element;

  cpu::Lanes<const Element> k(std::int64_t key, std::int64_t kv_head) const {
    return wraps(this->call_.k, key) ? kNowhere : cpu::KvCursor<T>::k(key, kv_head);
  }
  cpu::Lanes<const Element> v(std::int64_t key, std::int64_t kv_head) const {
    return wraps(this->call_.v, key) ? kNowhere : cpu::KvCursor<T>::v(key, kv_head);
  }

 private:
  static constexpr Element kOutside =
      cpu::rounded<Element>(std::numeric_limits<cpu::Compute<T>>::quiet_NaN());
  static constexpr cpu::Lanes<const Element> kNowhere{&kOutside, 0};

  bool wraps(const attest_tensor& tensor, std::int64_t key) const {
    const std::int64_t block = key / this->call_.page_size;
    const std::int64_t offset =
        cpu::TableRows::page(this->call_, this->b_, block) * tensor.stride[0];
    const bool wrapped = static_cast<std::int32_t>(offset) != offset;
    if (wrapped) defect_ran();
    return wrapped;
  }
};

struct Int32PageOffset : cpu::PagedDecodeSteps {
  template <typename T>
  using Cursor = NarrowOffset<T>;
};

}  // namespace

constinit const attest_kernel int32_page_offset = cpu::paged_decode<float, Int32PageOffset>(
    "planted/int32_page_offset", "offsets of pages are computed in 32 bits");

}  // namespace attest::kernels::planted
