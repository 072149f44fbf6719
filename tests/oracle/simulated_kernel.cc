#include "tests/oracle/simulated_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "oracle/logical_tensors.h"
#include "oracle/visible.h"

namespace attest::tests {

using problem::Accumulator;
using problem::DType;
using problem::Problem;

Style random_style(Random& random, DType accumulate) {
  Style s;
  const auto sum = [&random] { return static_cast<Sum>(random.between(0, 5)); };
  s.dot = sum();
  s.values = sum();
  s.weights = sum();
  s.scaling = static_cast<Scaling>(random.between(0, 3));
  s.merge = static_cast<MergeStyle>(random.between(0, 4));
  s.tile = random.one_of<std::int64_t>({1, 2, 5, 16, 64});
  s.splits = random.chance(50) ? 1 : random.between(2, 9);
  s.tile_order = static_cast<int>(random.between(0, 2));
  s.two_pass = random.chance(25);
  s.normalise_first = s.two_pass && random.chance(50);
  if (s.normalise_first) s.splits = 1;
  s.tanh_of_exps = random.chance(30);
  s.worst_exp = random.chance(50);
  s.biased_exp = random.chance(50);
  s.flush = random.chance(30);
  s.reciprocal = random.chance(50);
  s.sink_first = random.chance(50);
  s.scales_per_lane = random.chance(50);
  if (random.chance(20)) s.lazy = 8 * std::log(2.0);
  s.p_dtype = accumulate;
  if (accumulate != DType::kF32) return s;
  if (random.chance(15)) s.accumulator = Accumulator::kTruncating;
  if (random.chance(15)) {
    s.accumulator = Accumulator::kAlignedTruncating;
    s.dot = s.values = Sum::kTensorCore;
  }
  if (random.chance(25)) s.p_dtype = random.one_of({DType::kF16, DType::kBF16, DType::kE4M3});
  if (s.p_dtype == DType::kE4M3 || s.p_dtype == DType::kF16)
    s.lazy = 0;  // e^lazy would overflow or nearly so
  s.rounded_weights_in_sum = random.chance(50);
  s.q_prescaled = random.chance(15);
  if (s.q_prescaled) s.scaling = Scaling::kQuery;
  return s;
}

problem::Numerics numerics_of(const Style& style, DType accumulate) {
  problem::Numerics n = problem::generic_numerics(accumulate);
  n.accumulator = style.accumulator;
  n.lazy_rescale = style.lazy;
  n.p_dtype = style.p_dtype;
  n.q_prescaled = style.q_prescaled;
  if (style.splits > 1 && style.merge != MergeStyle::kUnnormalised) {
    // One more state for the sink.
    const double states = static_cast<double>(style.splits) + 1;
    const bool chain =
        style.merge == MergeStyle::kNormalisedChain || style.merge == MergeStyle::kLerp;
    n.merge_levels = chain ? static_cast<int>(states) - 1
                     : style.merge == MergeStyle::kNormalisedTree
                         ? static_cast<int>(std::ceil(std::log2(states)))
                         : 1;
  }
  return n;
}

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Towards zero.
float cut(double x) {
  const auto rounded = static_cast<float>(x);
  return std::abs(static_cast<double>(rounded)) > std::abs(x) ? std::nextafter(rounded, 0.0F)
                                                              : rounded;
}

template <typename T>
class Machine {
 public:
  Machine(const Style& style, Random& random) : style_(style), random_(random) {}

  T add(T a, T b) { return tidy(rounded(a + b, static_cast<double>(a) + static_cast<double>(b))); }
  T mul(T a, T b) { return tidy(rounded(a * b, static_cast<double>(a) * static_cast<double>(b))); }
  T fma(T a, T b, T c) {
    return tidy(rounded(std::fma(a, b, c),
                        static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c)));
  }
  T div(T a, T b) { return tidy(a / b); }

  T exp(T x) { return spoil(std::exp(x), x); }
  T exp2(T x) { return spoil(std::exp2(x), x * T(0.7)); }
  T tanh(T x) {
    constexpr T kSaturated = 30;
    if (!style_.tanh_of_exps || std::abs(x) > kSaturated) return std::tanh(x);
    const T up = std::exp(x);
    const T down = std::exp(-x);
    return div(add(up, -down), add(up, down));
  }

  /// sum of a[i] * b[i * stride] onto `start`, in the order and shape of `how`.
  T dot(const std::vector<T>& a, const T* b, std::size_t stride, Sum how, T start) {
    const std::size_t n = a.size();
    if (how == Sum::kTensorCore) return tensor_core(a, b, stride, start);
    if (how == Sum::kFused) {
      for (std::size_t i = 0; i < n; ++i) start = fma(a[i], b[i * stride], start);
      return start;
    }
    if (how == Sum::kStrided) {
      T lanes[8] = {};
      for (std::size_t i = 0; i < n; ++i) lanes[i % 8] = fma(a[i], b[i * stride], lanes[i % 8]);
      return add(start, add(add(add(lanes[0], lanes[4]), add(lanes[2], lanes[6])),
                            add(add(lanes[1], lanes[5]), add(lanes[3], lanes[7]))));
    }
    std::vector<T> products(n);
    for (std::size_t i = 0; i < n; ++i) products[i] = mul(a[i], b[i * stride]);
    return sum(std::move(products), how, start);
  }

  T sum(std::vector<T> x, Sum how, T start) {
    if (how == Sum::kPairwise) {
      while (x.size() > 1) {
        std::vector<T> next;
        for (std::size_t i = 0; i + 1 < x.size(); i += 2) next.push_back(add(x[i], x[i + 1]));
        if (x.size() % 2 == 1) next.push_back(x.back());
        x = std::move(next);
      }
    } else if (how == Sum::kReversed) {
      std::reverse(x.begin(), x.end());
    } else if (how == Sum::kShuffled) {
      for (std::size_t i = x.size(); i > 1; --i) {
        std::swap(
            x[i - 1],
            x[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(i) - 1))]);
      }
    }
    for (const T term : x) start = add(start, term);
    return start;
  }

 private:
  T rounded(T nearest, double exact) {
    if constexpr (std::is_same_v<T, float>) {
      if (style_.accumulator != Accumulator::kRoundToNearest) return cut(exact);
    }
    return nearest;
  }

  T tidy(T x) { return style_.flush && std::abs(x) < std::numeric_limits<T>::min() ? T(0) : x; }

  T spoil(T y, T argument) {
    if (!style_.worst_exp || argument == 0) return tidy(y);  // exp(0) is 1 in every implementation
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    const double reach = (4.4 + 2.9 * std::abs(static_cast<double>(argument))) * u;
    const double sign = style_.biased_exp ? 1 : random_.uniform(-1, 1);
    return tidy(static_cast<T>(static_cast<double>(y) * (1 + sign * reach)));
  }

  /// Blocks of 16 products and the running sum, aligned to the largest exponent, cut there, added
  /// exactly, cut again.
  T tensor_core(const std::vector<T>& a, const T* b, std::size_t stride, T start) {
    for (std::size_t first = 0; first < a.size(); first += 16) {
      std::vector<double> terms{static_cast<double>(start)};
      int largest = std::numeric_limits<int>::min();
      if (start != 0) largest = std::ilogb(start);
      for (std::size_t i = first; i < std::min(a.size(), first + 16); ++i) {
        const double x = a[i];
        const double y = b[i * stride];
        if (x == 0 || y == 0) continue;
        terms.push_back(x * y);
        largest = std::max(largest, std::ilogb(x) + std::ilogb(y));
      }
      if (largest == std::numeric_limits<int>::min()) continue;
      const double grid = std::ldexp(1.0, std::max(largest - 23, -149));
      double total = 0;
      for (const double term : terms) total += std::trunc(term / grid) * grid;
      start = tidy(static_cast<T>(cut(total)));
    }
    return start;
  }

  const Style& style_;
  Random& random_;
};

template <typename T>
struct State {
  T m = -std::numeric_limits<T>::infinity();  ///< shift, in the units of the scores
  T l = 0;
  std::vector<T> acc;
  T lse = -std::numeric_limits<T>::infinity();
  bool empty() const { return m == -std::numeric_limits<T>::infinity(); }
};

template <typename T>
class RowSimulator {
 public:
  RowSimulator(const Style& style, Random& random)
      : style_(style), random_(random), machine_(style, random) {}

  SimulatedRow attend(const Problem& p, const problem::Inputs& inputs, std::int64_t b,
                      std::int64_t head, std::int64_t row,
                      const std::optional<problem::Range>& keys);
  SimulatedRow merge(const std::vector<SimulatedState>& given);

 private:
  void load(const Problem& p, const problem::Inputs& inputs, std::int64_t b, std::int64_t head,
            std::int64_t row, const std::optional<problem::Range>& keys);
  State<T> run_tiles(std::vector<std::vector<std::size_t>> tiles, bool with_sink);
  void add_tile(State<T>& state, const std::vector<std::size_t>& tile);
  void rescale(State<T>& state, T shift);
  T weight(T score, T shift);
  T natural(T score) const {
    return base_2_ ? (fused_ ? score * scale_ : score * T(0.69314718055994530942)) : score;
  }
  T in_units(T nats) const {
    return base_2_ ? (fused_ ? nats / scale_ : nats * T(1.44269504088896340736)) : nats;
  }
  State<T> join(State<T> a, const State<T>& b);
  State<T> join_normalised(const State<T>& a, const State<T>& b);
  void normalise(State<T>& state);
  State<T> merge_states(std::vector<State<T>> states);
  State<T> merge_global(const std::vector<State<T>>& states);

  const Style& style_;
  Random& random_;
  Machine<T> machine_;

  std::vector<T> scores_;  ///< of the visible keys, in the kernel's units
  std::vector<T> values_;  ///< [keys, lanes]
  std::size_t lanes_ = 0;
  bool base_2_ = false;
  bool fused_ = false;
  T scale_ = 1;    ///< raw score to nats, kFusedExp2
  T factor_ = 1;   ///< raw score to bits, kFusedExp2
  T v_scale_ = 1;  ///< still to be applied
  double sink_ = -kInfinity;
};

template <typename T>
void RowSimulator<T>::load(const Problem& p, const problem::Inputs& inputs, std::int64_t b,
                           std::int64_t head, std::int64_t row,
                           const std::optional<problem::Range>& keys) {
  const oracle::LogicalTensors x(p, inputs);
  const bool plain =
      p.softcap == 0 && p.alibi_slopes.empty() && p.bias == problem::Bias::kNone && p.scale > 0;
  base_2_ =
      plain && (style_.scaling == Scaling::kFusedExp2 || style_.scaling == Scaling::kQueryExp2);
  fused_ = base_2_ && style_.scaling == Scaling::kFusedExp2;
  const bool scale_query =
      style_.scaling == Scaling::kQuery || style_.scaling == Scaling::kQueryExp2;
  const T qs = static_cast<T>(x.q_scale(b, head));
  const T ks = static_cast<T>(x.k_scale(b, head));
  const T vs = static_cast<T>(x.v_scale(b, head));
  T scale = static_cast<T>(p.scale);
  if (!style_.scales_per_lane) scale = scale * qs * ks;
  scale_ = scale;
  factor_ = scale * T(1.44269504088896340736);
  v_scale_ = style_.scales_per_lane ? T(1) : vs;

  std::vector<T> q;
  for (std::int64_t d = 0; d < p.head_dim_qk; ++d) {
    T lane = static_cast<T>(x.q(b, head, row, d));
    if (style_.scales_per_lane) lane = machine_.mul(lane, qs);
    if (scale_query) lane = machine_.mul(lane, base_2_ ? factor_ : scale);
    if (style_.q_prescaled)
      lane = static_cast<T>(problem::round_to(p.q_dtype, static_cast<double>(lane)));
    q.push_back(lane);
  }
  lanes_ = static_cast<std::size_t>(p.head_dim_v);
  const T slope = static_cast<T>(x.alibi_slope(head));
  for (std::int64_t j = 0; j < p.sequences[static_cast<std::size_t>(b)].kv_len; ++j) {
    if (keys && (j < keys->begin || j >= keys->end)) continue;
    const double bias = x.bias(b, head, row, j);
    if (!oracle::visible(p, b, row, j) || bias == -kInfinity) continue;
    std::vector<T> k;
    for (std::int64_t d = 0; d < p.head_dim_qk; ++d) {
      const T lane = static_cast<T>(x.k(b, head, j, d));
      k.push_back(style_.scales_per_lane ? machine_.mul(lane, ks) : lane);
    }
    T s = machine_.dot(q, k.data(), 1, style_.dot, 0);
    if (!scale_query && !fused_) s = machine_.mul(s, scale);
    if (p.softcap > 0) {
      const T cap = static_cast<T>(p.softcap);
      s = cap * machine_.tanh(style_.reciprocal ? machine_.mul(s, 1 / cap) : s / cap);
    }
    if (!p.alibi_slopes.empty()) {
      const std::int64_t distance =
          oracle::query_position(p, b, row) - oracle::key_position(p, b, j);
      s = machine_.add(s, -machine_.mul(slope, static_cast<T>(std::abs(distance))));
    }
    if (p.bias != problem::Bias::kNone) s = machine_.add(s, static_cast<T>(bias));
    scores_.push_back(s);
    for (std::int64_t d = 0; d < p.head_dim_v; ++d) {
      const T lane = static_cast<T>(x.v(b, head, j, d));
      values_.push_back(style_.scales_per_lane ? machine_.mul(lane, vs) : lane);
    }
  }
  sink_ = keys ? -kInfinity : x.sink(head);
}

template <typename T>
T RowSimulator<T>::weight(T score, T shift) {
  if (score == -std::numeric_limits<T>::infinity()) return 0;
  if (fused_) return machine_.exp2(std::fma(score, factor_, -(shift * factor_)));
  if (base_2_) return machine_.exp2(score - shift);
  return machine_.exp(score - shift);
}

template <typename T>
void RowSimulator<T>::rescale(State<T>& state, T shift) {
  if (!state.empty() && shift != state.m) {
    const T factor = fused_    ? machine_.exp2((state.m - shift) * factor_)
                     : base_2_ ? machine_.exp2(state.m - shift)
                               : machine_.exp(state.m - shift);
    for (T& a : state.acc) a = machine_.mul(a, factor);
    state.l = machine_.mul(state.l, factor);
  }
  state.m = shift;
}

template <typename T>
void RowSimulator<T>::add_tile(State<T>& state, const std::vector<std::size_t>& tile) {
  T shift = state.m;
  for (const std::size_t j : tile) shift = std::max(shift, scores_[j]);
  const bool lag =
      !state.empty() && natural(shift) - natural(state.m) < static_cast<T>(style_.lazy);
  if (!lag) rescale(state, shift);
  std::vector<T> p, rounded;
  for (const std::size_t j : tile) {
    p.push_back(weight(scores_[j], state.m));
    rounded.push_back(
        static_cast<T>(problem::round_to(style_.p_dtype, static_cast<double>(p.back()))));
  }
  state.l = machine_.sum(style_.rounded_weights_in_sum ? rounded : p, style_.weights, state.l);
  std::vector<T> column(tile.size());
  for (std::size_t d = 0; d < lanes_; ++d) {
    for (std::size_t i = 0; i < tile.size(); ++i) column[i] = values_[tile[i] * lanes_ + d];
    state.acc[d] = machine_.dot(rounded, column.data(), 1, style_.values, state.acc[d]);
  }
}

template <typename T>
State<T> RowSimulator<T>::run_tiles(std::vector<std::vector<std::size_t>> tiles, bool with_sink) {
  State<T> state;
  state.acc.assign(lanes_, 0);
  if (with_sink) {
    state.m = in_units(static_cast<T>(sink_));
    state.l = 1;
  }
  if (style_.tile_order == 1) std::reverse(tiles.begin(), tiles.end());
  if (style_.tile_order == 2) {
    for (std::size_t i = tiles.size(); i > 1; --i) {
      std::swap(
          tiles[i - 1],
          tiles[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(i) - 1))]);
    }
  }
  if (style_.two_pass) {
    T shift = state.m;
    for (const auto& tile : tiles) {
      for (const std::size_t j : tile) shift = std::max(shift, scores_[j]);
    }
    rescale(state, shift);
  }
  if (!style_.normalise_first) {
    for (const auto& tile : tiles) add_tile(state, tile);
    return state;
  }
  std::vector<T> weights;
  for (const auto& tile : tiles) {
    for (const std::size_t j : tile) weights.push_back(weight(scores_[j], state.m));
  }
  const T l = machine_.sum(weights, style_.weights, state.l);
  for (T& w : weights) {
    w = style_.reciprocal ? machine_.mul(w, 1 / l) : machine_.div(w, l);
    w = static_cast<T>(problem::round_to(style_.p_dtype, static_cast<double>(w)));
  }
  std::size_t i = 0;
  for (const auto& tile : tiles) {
    const std::vector<T> part(weights.begin() + static_cast<std::ptrdiff_t>(i),
                              weights.begin() + static_cast<std::ptrdiff_t>(i + tile.size()));
    i += tile.size();
    std::vector<T> column(tile.size());
    for (std::size_t d = 0; d < lanes_; ++d) {
      for (std::size_t k = 0; k < tile.size(); ++k) column[k] = values_[tile[k] * lanes_ + d];
      state.acc[d] = machine_.dot(part, column.data(), 1, style_.values, state.acc[d]);
    }
  }
  if (!state.empty()) state.lse = natural(state.m) + std::log(l);
  state.l = 1;
  return state;
}

template <typename T>
State<T> RowSimulator<T>::join(State<T> a, const State<T>& b) {
  if (b.empty()) return a;
  if (a.empty()) return b;
  State<T> other = b;
  const T shift = std::max(a.m, other.m);
  rescale(a, shift);
  rescale(other, shift);
  for (std::size_t d = 0; d < lanes_; ++d) a.acc[d] = machine_.add(a.acc[d], other.acc[d]);
  a.l = machine_.add(a.l, other.l);
  return a;
}

template <typename T>
void RowSimulator<T>::normalise(State<T>& state) {
  if (state.empty()) return;
  for (T& a : state.acc)
    a = style_.reciprocal ? machine_.mul(a, 1 / state.l) : machine_.div(a, state.l);
  if (!style_.normalise_first) state.lse = natural(state.m) + std::log(state.l);
}

template <typename T>
State<T> RowSimulator<T>::join_normalised(const State<T>& a, const State<T>& b) {
  if (b.lse == -std::numeric_limits<T>::infinity()) return a;
  if (a.lse == -std::numeric_limits<T>::infinity()) return b;
  const T shift = std::max(a.lse, b.lse);
  if (style_.merge == MergeStyle::kLerp) {
    const T w = machine_.div(1, machine_.add(1, machine_.exp(b.lse - a.lse)));
    State<T> c = a;
    for (std::size_t d = 0; d < lanes_; ++d)
      c.acc[d] = machine_.add(b.acc[d], machine_.mul(machine_.add(a.acc[d], -b.acc[d]), w));
    c.lse = shift + std::log(machine_.add(1, machine_.exp(-std::abs(a.lse - b.lse))));
    return c;
  }
  const T wa = machine_.exp(a.lse - shift);
  const T wb = machine_.exp(b.lse - shift);
  const T l = machine_.add(wa, wb);
  State<T> c = a;
  for (std::size_t d = 0; d < lanes_; ++d) {
    c.acc[d] = style_.reciprocal
                   ? machine_.div(machine_.fma(wa, a.acc[d], machine_.mul(wb, b.acc[d])), l)
                   : machine_.add(machine_.mul(a.acc[d], wa / l), machine_.mul(b.acc[d], wb / l));
  }
  c.lse = shift + std::log(l);
  return c;
}

template <typename T>
State<T> RowSimulator<T>::merge_global(const std::vector<State<T>>& states) {
  T shift = -std::numeric_limits<T>::infinity();
  for (const State<T>& s : states) shift = std::max(shift, s.lse);
  T l = 0;
  for (const State<T>& s : states) l = machine_.add(l, machine_.exp(s.lse - shift));
  State<T> whole;
  whole.lse = shift + std::log(l);
  whole.acc.assign(lanes_, 0);
  for (const State<T>& s : states) {
    const T w = machine_.exp(s.lse - whole.lse);
    for (std::size_t d = 0; d < lanes_; ++d) whole.acc[d] = machine_.fma(w, s.acc[d], whole.acc[d]);
  }
  return whole;
}

template <typename T>
State<T> RowSimulator<T>::merge_states(std::vector<State<T>> states) {
  std::erase_if(states,
                [](const State<T>& s) { return s.lse == -std::numeric_limits<T>::infinity(); });
  if (states.empty()) {
    State<T> none;
    none.acc.assign(lanes_, 0);
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
    }
    return states[0];
  }
  State<T> whole = states[0];
  for (std::size_t i = 1; i < states.size(); ++i) whole = join_normalised(whole, states[i]);
  return whole;
}

template <typename T>
SimulatedRow RowSimulator<T>::attend(const Problem& p, const problem::Inputs& inputs,
                                     std::int64_t b, std::int64_t head, std::int64_t row,
                                     const std::optional<problem::Range>& keys) {
  load(p, inputs, b, head, row, keys);
  const bool sink = sink_ != -kInfinity;
  // The two-pass and normalise-first kernels need the sink from the start.
  const bool sink_first = sink && (style_.sink_first || style_.two_pass);
  std::vector<State<T>> states;
  const std::size_t n = scores_.size();
  const auto splits = static_cast<std::size_t>(style_.splits);
  for (std::size_t s = 0; s < splits; ++s) {
    std::vector<std::vector<std::size_t>> tiles;
    for (std::size_t j = n * s / splits; j < n * (s + 1) / splits; ++j) {
      if (tiles.empty() || tiles.back().size() == static_cast<std::size_t>(style_.tile))
        tiles.emplace_back();
      tiles.back().push_back(j);
    }
    states.push_back(run_tiles(std::move(tiles), sink_first && s == 0));
  }
  State<T> sink_state;
  sink_state.acc.assign(lanes_, 0);
  if (sink && !sink_first) {
    sink_state.m = in_units(static_cast<T>(sink_));
    sink_state.l = 1;
    sink_state.lse = static_cast<T>(sink_);
  }
  State<T> whole;
  if (splits == 1 || style_.merge == MergeStyle::kUnnormalised) {
    whole = states[0];
    for (std::size_t s = 1; s < splits; ++s) whole = join(std::move(whole), states[s]);
    whole = join(std::move(whole), sink_state);
    normalise(whole);
  } else {
    for (State<T>& s : states) normalise(s);
    states.push_back(sink_state);
    whole = merge_states(std::move(states));
  }
  SimulatedRow result{.o = {}, .lse = static_cast<double>(whole.lse)};
  for (const T a : whole.acc) result.o.push_back(static_cast<double>(machine_.mul(a, v_scale_)));
  return result;
}

template <typename T>
SimulatedRow RowSimulator<T>::merge(const std::vector<SimulatedState>& given) {
  lanes_ = given.at(0).o.size();
  std::vector<State<T>> states;
  for (const SimulatedState& g : given) {
    State<T> s;
    s.lse = s.m = static_cast<T>(g.lse);
    s.l = 1;
    for (const double o : g.o) s.acc.push_back(static_cast<T>(o));
    states.push_back(std::move(s));
  }
  State<T> whole;
  if (style_.merge == MergeStyle::kUnnormalised) {
    whole = states[0];
    for (std::size_t s = 1; s < states.size(); ++s) whole = join(std::move(whole), states[s]);
    normalise(whole);
  } else {
    whole = merge_states(std::move(states));
  }
  return {.o = std::vector<double>(whole.acc.begin(), whole.acc.end()),
          .lse = static_cast<double>(whole.lse)};
}

}  // namespace

template <typename T>
SimulatedRow simulate_row(const Problem& problem, const problem::Inputs& inputs, std::int64_t b,
                          std::int64_t head, std::int64_t row, const Style& style, Random& random,
                          const std::optional<problem::Range>& keys) {
  return RowSimulator<T>(style, random).attend(problem, inputs, b, head, row, keys);
}

template <typename T>
SimulatedRow simulate_merge(const std::vector<SimulatedState>& states, const Style& style,
                            Random& random) {
  return RowSimulator<T>(style, random).merge(states);
}

template SimulatedRow simulate_row<float>(const Problem&, const problem::Inputs&, std::int64_t,
                                          std::int64_t, std::int64_t, const Style&, Random&,
                                          const std::optional<problem::Range>&);
template SimulatedRow simulate_row<double>(const Problem&, const problem::Inputs&, std::int64_t,
                                           std::int64_t, std::int64_t, const Style&, Random&,
                                           const std::optional<problem::Range>&);
template SimulatedRow simulate_merge<float>(const std::vector<SimulatedState>&, const Style&,
                                            Random&);
template SimulatedRow simulate_merge<double>(const std::vector<SimulatedState>&, const Style&,
                                             Random&);

}  // namespace attest::tests
