// Defect:  q and k are loaded 4 lanes at a time, and those of the last load past head_dim take
// part. Real:    vllm PR 4128. Trigger: a head_dim that is no multiple of 4. Killers: oracle,
// padding.
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

constexpr std::int64_t kLanesPerLoad = 4;

template <typename T>
class WholeLoads : public cpu::Scorer<T> {
 public:
  template <typename... Arguments>
  explicit WholeLoads(const Arguments&... arguments) : cpu::Scorer<T>(arguments...) {
    if (this->head_dim_ % kLanesPerLoad == 0) return;
    this->head_dim_ += kLanesPerLoad - this->head_dim_ % kLanesPerLoad;
    defect_ran();
  }
};

struct PaddedLanesRead : cpu::PrefillQueryOuterSteps {
  template <typename T>
  using RowScorer = WholeLoads<T>;
};

}  // namespace

constinit const attest_kernel padded_lanes_read = cpu::prefill_query_outer<float, PaddedLanesRead>(
    "planted/padded_lanes_read", "lanes past head_dim take part in q . k");

}  // namespace attest::kernels::planted
