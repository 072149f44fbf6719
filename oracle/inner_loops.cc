#include "oracle/inner_loops.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "oracle/lanes.h"

namespace attest::oracle {
namespace {

using problem::DType;
using Index = std::ptrdiff_t;

template <typename Float>
std::vector<double> widen(const problem::Elements& elements) {
  std::vector<Float> stored(elements.size());
  if (!stored.empty()) std::memcpy(stored.data(), elements.data(), elements.bytes());
  return {stored.begin(), stored.end()};
}

}  // namespace

std::vector<double> decode_all(const problem::Elements& elements) {
  if (elements.type() == DType::kF64) return widen<double>(elements);
  if (elements.type() == DType::kF32) return widen<float>(elements);
  std::vector<double> values(elements.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = elements.value(i);
  return values;
}

void fill_panels(const double* k, Index row_stride, Index count, Index dim, double* panels) {
  for (Index first = 0; first < count; first += kPanel) {
    for (Index d = 0; d < dim; ++d) {
      for (Index j = first; j < first + kPanel; ++j)
        *panels++ = j < count ? k[j * row_stride + d] : 0;
    }
  }
}

void dot_panels(const double* q, Index dim, const double* panels, Index count, double* dot,
                double* size) {
  static_assert(kPanel == 2 * kLanes);
  for (Index panel = 0; panel < count; ++panel, dot += kPanel, size += kPanel) {
    Lanes dot_a{}, dot_b{}, size_a{}, size_b{};
    for (Index d = 0; d < dim; ++d, panels += kPanel) {
      const Lanes a = q[d] * load(panels);
      const Lanes b = q[d] * load(panels + kLanes);
      dot_a += a;
      dot_b += b;
      size_a += magnitude(a);
      size_b += magnitude(b);
    }
    store(dot, dot_a);
    store(dot + kLanes, dot_b);
    store(size, size_a);
    store(size + kLanes, size_b);
  }
}

void dot_panels(const double* q, Index dim, const double* panels, Index count, long double* dot,
                double* size) {
  for (Index panel = 0; panel < count; ++panel, dot += kPanel, size += kPanel) {
    long double sum[kPanel] = {};
    Lanes size_a{}, size_b{};  // absolute values need no more than double
    for (Index d = 0; d < dim; ++d, panels += kPanel) {
      for (Index j = 0; j < kPanel; ++j) sum[j] += static_cast<long double>(q[d]) * panels[j];
      size_a += magnitude(q[d] * load(panels));
      size_b += magnitude(q[d] * load(panels + kLanes));
    }
    std::copy_n(sum, kPanel, dot);
    store(size, size_a);
    store(size + kLanes, size_b);
  }
}

namespace {

/// Lanes d to d + kCount * kLanes of weigh_rows, in registers.
template <std::size_t kCount>
void weigh_block(const double* weight, const std::vector<std::int64_t>& keys, const double* v,
                 Index lanes, double* sum) {
  std::array<Lanes, kCount> total{};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double* const row = v + keys[i] * lanes;
    for (std::size_t c = 0; c < kCount; ++c)
      total[c] += weight[i] * load(row + static_cast<Index>(c) * kLanes);
  }
  for (std::size_t c = 0; c < kCount; ++c) store(sum + static_cast<Index>(c) * kLanes, total[c]);
}

template <std::size_t kCount>
void weigh_block(const long double* weight, const std::vector<std::int64_t>& keys, const double* v,
                 Index lanes, long double* sum) {
  std::array<long double, kCount> total{};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double* const row = v + keys[i] * lanes;
    for (std::size_t c = 0; c < kCount; ++c) total[c] += weight[i] * row[c];
  }
  std::copy_n(total.begin(), kCount, sum);
}

}  // namespace

void weigh_rows(const double* weight, const std::vector<std::int64_t>& keys, const double* v,
                Index lanes, double* sum) {
  Index d = 0;
  for (; d + 4 * kLanes <= lanes; d += 4 * kLanes)
    weigh_block<4>(weight, keys, v + d, lanes, sum + d);
  for (; d + kLanes <= lanes; d += kLanes) weigh_block<1>(weight, keys, v + d, lanes, sum + d);
  for (; d < lanes; ++d) {
    sum[d] = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) sum[d] += weight[i] * v[keys[i] * lanes + d];
  }
}

void weigh_rows(const long double* weight, const std::vector<std::int64_t>& keys, const double* v,
                Index lanes, long double* sum) {
  Index d = 0;
  for (; d + 4 <= lanes; d += 4) weigh_block<4>(weight, keys, v + d, lanes, sum + d);
  for (; d < lanes; ++d) weigh_block<1>(weight, keys, v + d, lanes, sum + d);
}

}  // namespace attest::oracle
