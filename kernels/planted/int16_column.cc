// Defect:  the index of a key is kept in 16 bits: from 32768 on it is negative, which the bound
//          check takes for a key before the first.
// Real:    mlx issue 3360.
// Trigger: kv_len 32769.
// Killers: oracle (long sequences).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class NarrowColumn : public cpu::Scorer<T> {
 public:
  using C = cpu::Compute<T>;

  template <typename... Arguments>
  explicit NarrowColumn(const Arguments&... arguments) : cpu::Scorer<T>(arguments...) {}

  C operator()(cpu::Lanes<const cpu::Cache<T>> k, std::int64_t key_position) const {
    const bool hidden = static_cast<std::int16_t>(key_position) < 0;
    if (hidden) defect_ran();
    return hidden ? cpu::kMinusInfinity<C> : cpu::Scorer<T>::operator()(k, key_position);
  }
};

struct Int16Column : cpu::PagedDecodeSteps {
  template <typename T>
  using RowScorer = NarrowColumn<T>;
};

}  // namespace

constinit const attest_kernel int16_column = cpu::paged_decode<float, Int16Column>(
    "planted/int16_column", "keys from 32768 on are taken to be before the first");

}  // namespace attest::kernels::planted
