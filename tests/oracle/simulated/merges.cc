#include "tests/oracle/simulated/merges.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tests/oracle/simulated/constants.h"

namespace attest::tests {

template <typename T>
State<T> Merges<T>::join(State<T> a, State<T> b) {
  if (b.empty()) return a;
  if (a.empty()) return b;
  const T shift = std::max(a.m, b.m);
  shifts_.rescale(a, shift);
  shifts_.rescale(b, shift);
  for (std::size_t d = 0; d < a.acc.size(); ++d) a.acc[d] = machine_.add(a.acc[d], b.acc[d]);
  a.l[0] = machine_.add(a.l[0], b.l[0]);
  return a;
}

template <typename T>
void Merges<T>::store(State<T>& state) {
  if (style_.part_dtype == problem::DType::kF64) return;
  for (T& a : state.acc)
    a = static_cast<T>(problem::round_to(style_.part_dtype, static_cast<double>(a)));
}

template <typename T>
void Merges<T>::normalise(State<T>& state, bool rounded) {
  if (state.empty()) return;
  const T l = state.l[0];
  for (T& a : state.acc)
    a = style_.reciprocal ? machine_.mul(a, machine_.inverse(l)) : machine_.div(a, l);
  if (!style_.normalise_first) state.lse = shifts_.natural(state.m) + machine_.log(l);
  if (rounded) store(state);
}

template <typename T>
State<T> Merges<T>::lerp(const State<T>& a, const State<T>& b) {
  const T w = machine_.div(1, machine_.add(1, machine_.exp(b.lse - a.lse)));
  State<T> c = a;
  for (std::size_t d = 0; d < c.acc.size(); ++d)
    c.acc[d] = machine_.add(b.acc[d], machine_.mul(machine_.add(a.acc[d], -b.acc[d]), w));
  c.lse = std::max(a.lse, b.lse) +
          machine_.log(machine_.add(1, machine_.exp(-std::abs(a.lse - b.lse))));
  return c;
}

template <typename T>
State<T> Merges<T>::join_normalised(const State<T>& a, const State<T>& b) {
  if (b.lse == kMinusInfinity<T>) return a;
  if (a.lse == kMinusInfinity<T>) return b;
  if (style_.merge == MergeStyle::kLerp) return lerp(a, b);
  const T shift = std::max(a.lse, b.lse);
  const T wa = machine_.exp(a.lse - shift);
  const T wb = machine_.exp(b.lse - shift);
  const T l = machine_.add(wa, wb);
  State<T> c = a;
  for (std::size_t d = 0; d < c.acc.size(); ++d) {
    c.acc[d] = style_.reciprocal
                   ? machine_.div(machine_.fma(wa, a.acc[d], machine_.mul(wb, b.acc[d])), l)
                   : machine_.add(machine_.mul(a.acc[d], wa / l), machine_.mul(b.acc[d], wb / l));
  }
  c.lse = shift + machine_.log(l);
  return c;
}

template <typename T>
State<T> Merges<T>::merge_global(const std::vector<State<T>>& states) {
  T shift = kMinusInfinity<T>;
  for (const State<T>& s : states) shift = std::max(shift, s.lse);
  T l = 0;
  for (const State<T>& s : states) l = machine_.add(l, machine_.exp(s.lse - shift));
  State<T> whole;
  whole.lse = shift + machine_.log(l);
  whole.acc.assign(states[0].acc.size(), 0);
  for (const State<T>& s : states) {
    const T w = machine_.exp(s.lse - whole.lse);
    for (std::size_t d = 0; d < whole.acc.size(); ++d)
      whole.acc[d] = machine_.fma(w, s.acc[d], whole.acc[d]);
  }
  return whole;
}

template <typename T>
State<T> Merges<T>::merge(std::vector<State<T>> states) {
  const std::size_t width = states[0].acc.size();
  std::erase_if(states, [](const State<T>& s) { return s.lse == kMinusInfinity<T>; });
  if (states.empty()) {
    State<T> none;
    none.acc.assign(width, 0);
    return none;
  }
  if (style_.merge == MergeStyle::kGlobalLse) return merge_global(states);
  if (style_.merge == MergeStyle::kNormalisedTree) {
    while (states.size() > 1) {
      std::vector<State<T>> next;
      for (std::size_t i = 0; i + 1 < states.size(); i += 2)
        next.push_back(join_normalised(states[i], states[i + 1]));
      if (states.size() % 2 == 1) next.push_back(states.back());
      states = std::move(next);
      if (states.size() > 1)
        std::for_each(states.begin(), states.end(), [this](auto& s) { store(s); });
    }
    return states[0];
  }
  State<T> whole = states[0];
  for (std::size_t i = 1; i < states.size(); ++i) {
    whole = join_normalised(whole, states[i]);
    if (i + 1 < states.size()) store(whole);
  }
  return whole;
}

template class Merges<float>;
template class Merges<double>;

}  // namespace attest::tests
