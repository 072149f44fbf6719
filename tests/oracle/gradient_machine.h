// Arithmetic of a simulated backward kernel: every operation rounded, cut, flushed and spoilt as
// its style says.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/oracle/simulated_gradient.h"

namespace attest::tests {

inline constexpr int kMatrixDepth = 16;  ///< products a matrix unit adds up at once

template <typename T>
void shuffle(std::vector<T>& x, Random& random) {
  for (std::size_t i = x.size(); i > 1; --i) {
    const auto k = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(i) - 1));
    std::swap(x[i - 1], x[k]);
  }
}

template <typename T>
class GradientMachine {
 public:
  GradientMachine(const GradientStyle& style, Random& random) : style_(style), random_(random) {}

  T add(T a, T b) { return tidy(rounded(a + b, static_cast<double>(a) + static_cast<double>(b))); }
  T mul(T a, T b) { return tidy(rounded(a * b, static_cast<double>(a) * static_cast<double>(b))); }
  T fma(T a, T b, T c) {
    return tidy(rounded(std::fma(a, b, c),
                        static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c)));
  }
  T div(T a, T b) { return tidy(a / b); }
  T exp(T x) { return spoil(std::exp(x), x); }
  T exp2(T x) { return spoil(std::exp2(x), x * T(0.69)); }
  T tanh(T x) {
    constexpr T kSaturated = 30;
    if (!style_.tanh_of_exps || std::abs(x) > kSaturated) return std::tanh(x);
    const T up = std::exp(x);
    const T down = std::exp(-x);
    return div(add(up, -down), add(up, down));
  }
  /// Rounded to `type`, if that is smaller.
  T store(T x, problem::DType type) {
    return static_cast<T>(problem::round_to(type, static_cast<double>(x)));
  }

  /// sum of a[i] * b[i] in the order and shape of `order`.
  T dot(const std::vector<T>& a, const std::vector<T>& b, TermOrder order) {
    if (order == TermOrder::kTensorCore) return tensor_core(a, b);
    std::vector<std::size_t> index(a.size());
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = i;
    if (order == TermOrder::kReversed) std::reverse(index.begin(), index.end());
    if (order == TermOrder::kShuffled) shuffle(index, random_);
    if (order == TermOrder::kPairwise) {
      std::vector<T> terms(a.size());
      for (const std::size_t i : index) terms[i] = mul(a[i], b[i]);
      return pairwise(std::move(terms));
    }
    const std::size_t lanes = order == TermOrder::kStrided ? 4 : 1;
    std::vector<T> sums(lanes, T(0));
    for (std::size_t i = 0; i < index.size(); ++i) {
      T& sum = sums[i % lanes];
      const T x = a[index[i]];
      const T y = b[index[i]];
      sum = style_.fused ? fma(x, y, sum) : add(sum, mul(x, y));
    }
    return pairwise(std::move(sums));
  }

  /// The same in parts, added in random order.
  T split_dot(const std::vector<T>& a, const std::vector<T>& b, TermOrder order) {
    const auto parts = static_cast<std::size_t>(style_.parts);
    if (parts == 1) return dot(a, b, order);
    std::vector<T> sums;
    for (std::size_t part = 0; part < parts; ++part) {
      const auto first = static_cast<std::ptrdiff_t>(a.size() * part / parts);
      const auto last = static_cast<std::ptrdiff_t>(a.size() * (part + 1) / parts);
      if (first == last) continue;
      sums.push_back(
          dot({a.begin() + first, a.begin() + last}, {b.begin() + first, b.begin() + last}, order));
    }
    shuffle(sums, random_);
    T total = 0;
    for (const T sum : sums) total = add(total, sum);
    return total;
  }

 private:
  T pairwise(std::vector<T> x) {
    if (x.empty()) return 0;
    while (x.size() > 1) {
      std::vector<T> next;
      for (std::size_t i = 0; i + 1 < x.size(); i += 2) next.push_back(add(x[i], x[i + 1]));
      if (x.size() % 2 == 1) next.push_back(x.back());
      x = std::move(next);
    }
    return x[0];
  }

  /// Towards zero.
  static float cut(double x) {
    const auto nearest = static_cast<float>(x);
    return std::abs(static_cast<double>(nearest)) > std::abs(x) ? std::nextafter(nearest, 0.0F)
                                                                : nearest;
  }
  T rounded(T nearest, double exact) {
    if constexpr (std::is_same_v<T, float>) {
      if (style_.accumulator == problem::Accumulator::kTruncating) return cut(exact);
    }
    return nearest;
  }
  T tidy(T x) { return style_.flush && std::abs(x) < std::numeric_limits<T>::min() ? T(0) : x; }

  T spoil(T y, T argument) {
    if (!style_.worst_exp) return tidy(y);
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    const double reach = (4.4 + 2.9 * std::abs(static_cast<double>(argument))) * u;
    const double sign = style_.biased_exp ? 1 : random_.uniform(-1, 1);
    return tidy(static_cast<T>(static_cast<double>(y) * (1 + sign * reach)));
  }

  /// Blocks of products and the running sum, aligned to the largest exponent, cut there, added
  /// exactly, cut again.
  T tensor_core(const std::vector<T>& a, const std::vector<T>& b) {
    T sum = 0;
    for (std::size_t first = 0; first < a.size(); first += kMatrixDepth) {
      std::vector<double> terms{static_cast<double>(sum)};
      int largest = std::numeric_limits<int>::min();
      if (sum != 0) largest = std::ilogb(sum);
      for (std::size_t i = first; i < std::min(a.size(), first + kMatrixDepth); ++i) {
        if (a[i] == 0 || b[i] == 0) continue;
        terms.push_back(static_cast<double>(a[i]) * static_cast<double>(b[i]));
        largest = std::max(largest, std::ilogb(a[i]) + std::ilogb(b[i]));
      }
      if (largest == std::numeric_limits<int>::min()) continue;
      // f32 ends at 2^-149.
      const auto grid = [largest](int bits) {
        return std::ldexp(1.0, std::max(largest + 1 - bits, -149));
      };
      const double fine = grid(style_.product_bits + style_.extra_bits);
      double total = 0;
      for (const double term : terms) total += std::trunc(term / fine) * fine;
      if (total != 0) largest = std::ilogb(total);
      const double coarse = grid(style_.product_bits);
      sum = tidy(static_cast<T>(std::trunc(total / coarse) * coarse));
    }
    return sum;
  }

  const GradientStyle& style_;
  Random& random_;
};

}  // namespace attest::tests
