// Defect:  a split has kv_len / num_splits keys: the division floors, and the last keys belong
//          to no split.
// Real:    tilelang PR 2010.
// Trigger: kv_len % num_splits != 0.
// Killers: partition, oracle.
#include <cstdint>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SplitRemainderLost : cpu::SplitKvSteps {
  static std::int64_t split_size(std::int64_t kv_len, std::int64_t count) {
    if (kv_len % count != 0) defect_ran();
    return kv_len / count;
  }
};

}  // namespace

constinit const attest_kernel split_remainder_lost = cpu::split_kv<float, SplitRemainderLost>(
    "planted/split_remainder_lost", "the keys that num_splits does not divide are lost");

}  // namespace attest::kernels::planted
