#include "tests/oracle/simulated/shifts.h"

#include <cmath>

#include "tests/oracle/simulated/constants.h"

namespace attest::tests {

template <typename T>
T Shifts<T>::natural(T score) const {
  if (!unit_.base_2) return score;
  return unit_.fused ? score * unit_.scale : score * kLn2<T>;
}

template <typename T>
T Shifts<T>::in_units(T nats) const {
  if (!unit_.base_2) return nats;
  return unit_.fused ? nats / unit_.scale : nats * kLog2E<T>;
}

template <typename T>
T Shifts<T>::weight(T score, T shift) {
  if (score == -std::numeric_limits<T>::infinity()) return 0;
  const auto raise = static_cast<T>(scales_in_argument() ? style_.p_scale_log2 : 0);
  if (unit_.fused) {
    const T offset = shift * unit_.factor;
    return machine_.exp2(std::fma(score, unit_.factor, -(raise > 0 ? offset - raise : offset)));
  }
  if (unit_.base_2) return machine_.exp2(score - (raise > 0 ? shift - raise : shift));
  return machine_.exp(score - shift);
}

template <typename T>
void Shifts<T>::rescale(State<T>& state, T shift) {
  if (!state.empty() && shift != state.m) {
    const T factor = unit_.fused    ? machine_.exp2((state.m - shift) * unit_.factor)
                     : unit_.base_2 ? machine_.exp2(state.m - shift)
                                    : machine_.exp(state.m - shift);
    const auto of_l = static_cast<T>(factor * sabotage_.l_rescale);
    auto of_acc = static_cast<T>(factor * sabotage_.acc_rescale);
    if (factor > sabotage_.skip_rescale_above) of_acc = 1;
    for (T& a : state.acc) a = machine_.mul(a, of_acc);
    for (T& l : state.l) l = machine_.mul(l, of_l);
  }
  state.m = shift;
}

template class Shifts<float>;
template class Shifts<double>;

}  // namespace attest::tests
