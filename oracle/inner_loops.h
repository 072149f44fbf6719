// The loops the fast evaluation spends its time in. Each reduction runs over its index in order,
// and neighbouring results are independent: the same bits on every machine, whatever the compiler
// does. Internal to oracle/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/elements.h"

namespace attest::oracle {

/// All elements as double, which is exact for every type.
std::vector<double> decode_all(const problem::Elements& elements);

/// Keys are laid out in panels of kPanel neighbours, [ceil(count / kPanel), dim, kPanel], padded
/// with zeroes.
inline constexpr std::ptrdiff_t kPanel = 4;
void fill_panels(const double* k, std::ptrdiff_t row_stride, std::ptrdiff_t count,
                 std::ptrdiff_t dim, double* panels);

/// For `count` panels: dot[j] = sum_d q[d] * k_j[d], size[j] the same of absolute values.
void dot_panels(const double* q, std::ptrdiff_t dim, const double* panels, std::ptrdiff_t count,
                double* dot, double* size);
void dot_panels(const double* q, std::ptrdiff_t dim, const double* panels, std::ptrdiff_t count,
                long double* dot, double* size);

/// sum[d] = sum_i weight[i] * v[keys[i] * lanes + d], for d in [0, lanes).
void weigh_rows(const double* weight, const std::vector<std::int64_t>& keys, const double* v,
                std::ptrdiff_t lanes, double* sum);
void weigh_rows(const long double* weight, const std::vector<std::int64_t>& keys, const double* v,
                std::ptrdiff_t lanes, long double* sum);

}  // namespace attest::oracle
