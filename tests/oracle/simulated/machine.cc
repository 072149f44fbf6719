#include "tests/oracle/simulated/machine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "problem/special_values.h"

namespace attest::tests {

using problem::Accumulator;
using problem::DType;

namespace {

/// 2^e for exponents of normal numbers.
double power_of_two(int e) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52);
}

/// Of normal doubles.
int exponent_of(double x) {
  return static_cast<int>((std::bit_cast<std::uint64_t>(x) >> 52) & 0x7ff) - 1023;
}

Rounding rounding_of(DType type, int bits, bool cut) {
  const problem::FloatFormat format = problem::format_of(type);
  const int own = format.mantissa_bits + 1;
  const int kept = bits > 0 ? std::min(bits, own) : own;
  const bool native = !cut && kept == own && (type == DType::kF32 || type == DType::kF64);
  return {.bits = native ? 0 : kept,
          .cut = cut,
          .lowest_unit = 1 - format.bias - format.mantissa_bits,
          .largest = problem::largest_finite(type)};
}

/// Holds functions of a T to far below a last place of T.
template <typename T>
using WideOf = std::conditional_t<std::is_same_v<T, double>, long double, double>;

/// x[0] + ... + x[count - 1] by a tree. Overwrites them.
template <typename T>
T tree(const Unit<T>& unit, T* x, std::size_t count) {
  for (; count > 1; count = (count + 1) / 2) {
    for (std::size_t i = 0; i < count / 2; ++i) x[i] = unit.add(x[2 * i], x[2 * i + 1]);
    if (count % 2 == 1) x[count / 2] = x[count - 1];
  }
  return count == 0 ? T(0) : x[0];
}

template <typename T>
T tree(const Unit<T>& unit, std::vector<T>& x) {
  return tree(unit, x.data(), x.size());
}

}  // namespace

double round_as(double exact, const Rounding& rounding) {
  if (exact == 0 || !(std::abs(exact) < kInfinity)) return exact;
  // Adding and subtracting 1.5 * 2^52 rounds a number below 2^51 to an integer, ties to even.
  constexpr double kToInteger = 0x1.8p52;
  const int exponent = std::max(exponent_of(exact) - rounding.bits + 1, rounding.lowest_unit);
  const double in_units = exact * power_of_two(-exponent);
  const double integer = rounding.cut ? std::trunc(in_units) : in_units + kToInteger - kToInteger;
  const double result = integer * power_of_two(exponent);
  if (std::abs(result) <= rounding.largest) return result;
  return std::copysign(rounding.cut ? rounding.largest : kInfinity, result);
}

template <typename T>
T Unit<T>::fma(T a, T b, T c) const {
  if (rounding_.bits == 0) return flushed(std::fma(a, b, c));
  return settle(0, static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

template <typename T>
Machine<T>::Machine(const Style& style, const Sabotage& sabotage, Random& random)
    : style_(style), sabotage_(sabotage), random_(random) {
  const DType type = sabotage.f16_sums ? DType::kF16 : style.accumulate;
  const bool cut = style.accumulator == Accumulator::kTruncating;
  const T flush_below = style.flush ? static_cast<T>(problem::smallest_normal(type)) : T(0);
  vector_ = Unit<T>(rounding_of(type, 0, cut), flush_below);
  const bool products_cut = style.accumulator != Accumulator::kRoundToNearest;
  matrix_ = Unit<T>(rounding_of(type, style.product_bits, products_cut), flush_below);
  functions_ = Unit<T>(rounding_of(style.accumulate, 0, cut), flush_below);
}

template <typename T>
double Machine<T>::direction() {
  if (!style_.biased_exp) return random_.uniform(-1, 1);
  return style_.alternating_exp && ++calls_ % 2 == 0 ? -1 : 1;
}

template <typename T>
T Machine<T>::log(T x) {
  double y = std::log(static_cast<double>(x));
  if (!style_.fast_functions) return functions_.settle(std::log(x), y);
  // __logf: absolute error 2^-21.41 in [0.5, 2], else 3 ulp (CUDA C++ Programming Guide).
  constexpr double kUlp = 0x1p-23;
  const double reach = x >= T(0.5) && x <= T(2) ? 2.9 * kUlp : 2.4 * kUlp * std::abs(y);
  y += direction() * reach;
  return functions_.settle(static_cast<T>(y), y);
}

template <typename T>
T Machine<T>::inverse(T x) {
  const double y = 1 / static_cast<double>(x);
  if (!style_.fast_functions) return functions_.settle(1 / x, y);
  const double spoilt = y * (1 + direction() * 0x1p-24);  // and half an ulp when it is stored
  return functions_.settle(static_cast<T>(spoilt), spoilt);
}

/// An exponential whose argument was `argument` nats.
template <typename T>
T Machine<T>::spoiled(long double exact, double argument) {
  const double u = problem::unit_roundoff(style_.accumulate);
  const double reach =
      (std::max(0.0, style_.exp_ulp - 1.02) + style_.exp_arg_ulp * std::abs(argument) * 0.99) * u;
  const long double value = exact * (1 + static_cast<long double>(direction() * reach));
  return functions_.settle(static_cast<T>(value), static_cast<double>(value));
}

template <typename T>
T Machine<T>::exp(T x) {
  if (style_.worst_exp && x != 0) return spoiled(std::exp(WideOf<T>{x}), static_cast<double>(x));
  return functions_.settle(std::exp(x), static_cast<double>(std::exp(x)));
}

template <typename T>
T Machine<T>::exp2(T x) {
  if (sabotage_.exp_ripple != 0) {
    constexpr double kWaves = 40;
    const double y = x;
    const double ripple = 1 + sabotage_.exp_ripple * std::sin(kWaves * (y - std::floor(y)));
    return static_cast<T>(std::exp2(y) * ripple);
  }
  constexpr double kNatsPerBit = 0.693;  // rounded down: what is declared is per nat
  if (style_.worst_exp && x != 0)
    return spoiled(std::exp2(WideOf<T>{x}), kNatsPerBit * static_cast<double>(x));
  return functions_.settle(std::exp2(x), static_cast<double>(std::exp2(x)));
}

template <typename T>
T Machine<T>::tanh(T x) {
  constexpr T kSaturated = 30;
  if (style_.tanh_of_exps && std::abs(x) <= kSaturated) {
    const T up = std::exp(x);
    const T down = std::exp(-x);
    return div(add(up, -down), add(up, down));
  }
  WideOf<T> y = std::tanh(WideOf<T>{x});
  if (style_.worst_exp && x != 0) {
    const double u = problem::unit_roundoff(style_.accumulate);
    y += direction() * (style_.tanh_ulp - 1.02) * u;
  }
  return functions_.settle(static_cast<T>(y), static_cast<double>(y));
}

template <typename T>
T Machine<T>::dot(const T* a, const T* b, std::size_t n, std::size_t stride, Sum how, int lanes,
                  T start) {
  if (how == Sum::kTensorCore) return tensor_core(a, b, n, stride, start);
  if (how == Sum::kFused) {
    for (std::size_t i = 0; i < n; ++i) start = matrix_.fma(a[i], b[i * stride], start);
    return start;
  }
  if (how == Sum::kStrided) {
    const auto count = static_cast<std::size_t>(lanes);
    const std::size_t run = style_.lanes_by_block ? (n + count - 1) / count : 1;
    products_.assign(count, 0);
    for (std::size_t i = 0; i < n; ++i) {
      T& lane = products_[i / run % count];
      lane = matrix_.fma(a[i], b[i * stride], lane);
    }
    return matrix_.add(start, tree(matrix_, products_));
  }
  products_.resize(n);
  for (std::size_t i = 0; i < n; ++i) products_[i] = matrix_.mul(a[i], b[i * stride]);
  return sum_on(matrix_, products_, how, lanes, start);
}

template <typename T>
T Machine<T>::sum(std::vector<T> x, Sum how, int lanes, T start) {
  if (how == Sum::kTensorCore) {
    const T one = 1;
    return tensor_core(x.data(), &one, x.size(), 0, start);
  }
  if (how == Sum::kStrided) {
    const auto count = static_cast<std::size_t>(lanes);
    std::vector<T> sums(count, 0);
    for (std::size_t i = 0; i < x.size(); ++i) sums[i % count] = add(sums[i % count], x[i]);
    return add(start, tree(vector_, sums));
  }
  return sum_on(vector_, x, how, lanes, start);
}

template <typename T>
T Machine<T>::sum_on(const Unit<T>& unit, std::vector<T>& x, Sum how, int lanes, T start) {
  if (how == Sum::kChunked) {
    const auto chunk = static_cast<std::size_t>(lanes);
    for (std::size_t i = 0; i < x.size(); i += chunk)
      start = unit.add(start, tree(unit, x.data() + i, std::min(chunk, x.size() - i)));
    return start;
  }
  if (how == Sum::kPairwise) return unit.add(start, tree(unit, x));
  if (how == Sum::kReversed) std::reverse(x.begin(), x.end());
  if (how == Sum::kShuffled) {
    for (std::size_t i = x.size(); i > 1; --i) {
      const std::int64_t other = random_.between(0, static_cast<std::int64_t>(i) - 1);
      std::swap(x[i - 1], x[static_cast<std::size_t>(other)]);
    }
  }
  for (const T term : x) start = unit.add(start, term);
  return start;
}

template <typename T>
T Machine<T>::join(const T* x, std::size_t count, std::size_t stride, bool of_products) const {
  std::vector<T> sums(count);
  for (std::size_t i = 0; i < count; ++i) sums[i] = x[i * stride];
  return tree(of_products ? matrix_ : vector_, sums);
}

/// Blocks of products and the running sum, aligned to the largest exponent among them, cut there,
/// added exactly, cut again. (The exponent of a product is taken before it is normalised.)
template <typename T>
T Machine<T>::tensor_core(const T* a, const T* b, std::size_t n, std::size_t stride,
                          T start) const {
  const auto depth = static_cast<std::size_t>(style_.mma_depth);
  Rounding rounding = matrix_.rounding();
  if (rounding.bits == 0) rounding.bits = std::numeric_limits<T>::digits;
  constexpr int kNone = std::numeric_limits<int>::min();
  for (std::size_t first = 0; first < n; first += depth) {
    const std::size_t last = std::min(n, first + depth);
    int largest = start != 0 ? std::ilogb(start) : kNone;
    for (std::size_t i = first; i < last; ++i) {
      if (a[i] != 0 && b[i * stride] != 0)
        largest = std::max(largest, std::ilogb(a[i]) + std::ilogb(b[i * stride]));
    }
    if (largest == kNone) continue;
    const int unit = largest - (rounding.bits - 1) - style_.mma_extra_bits;
    const double grid = std::ldexp(1.0, std::max(unit, rounding.lowest_unit));
    double total = std::trunc(static_cast<double>(start) / grid);
    for (std::size_t i = first; i < last; ++i) {
      const double product = static_cast<double>(a[i]) * static_cast<double>(b[i * stride]);
      total += std::trunc(product / grid);
    }
    start = matrix_.flushed(static_cast<T>(round_as(total * grid, rounding)));
  }
  return start;
}

template class Unit<float>;
template class Unit<double>;
template class Machine<float>;
template class Machine<double>;

}  // namespace attest::tests
