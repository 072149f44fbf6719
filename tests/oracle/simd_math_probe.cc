// Compiled once per instruction set, with ATTEST_SIMD_AVX512, _AVX2 or _PORTABLE defined.
#include "tests/oracle/simd_math_probe.h"

#include "oracle/simd/dd_math.h"
#include "oracle/simd/math.h"
#include "oracle/simd/vec.h"

namespace attest::tests {

namespace simd = oracle::simd::ATTEST_SIMD_NAMESPACE;

namespace {

using simd::DD8;
using simd::F32x16;
using simd::F64x8;
using simd::load;
using simd::store;

template <F64x8 (*function)(F64x8)>
void each(Numbers x, Results y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) store(y.hi + i, function(load(x.hi + i)));
}

DD8 load_dd(Numbers x, std::size_t i) { return {load(x.hi + i), load(x.lo + i)}; }

void store_dd(Results y, std::size_t i, DD8 value) {
  store(y.hi + i, value.hi);
  store(y.lo + i, value.lo);
}

template <DD8 (*function)(DD8)>
void each_dd(Numbers x, Results y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) store_dd(y, i, function(load_dd(x, i)));
}

template <DD8 (*operation)(DD8, DD8)>
void each_pair(Numbers a, Numbers b, Results y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8)
    store_dd(y, i, operation(load_dd(a, i), load_dd(b, i)));
}

template <DD8 (*operation)(DD8, F64x8)>
void each_with_double(Numbers a, Numbers b, Results y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8)
    store_dd(y, i, operation(load_dd(a, i), load(b.hi + i)));
}

// What is overloaded or always inlined cannot be a template argument.
F64x8 exp(F64x8 x) { return simd::exp(x); }
F64x8 log(F64x8 x) { return simd::log(x); }
F64x8 tanh(F64x8 x) { return simd::tanh(x); }
DD8 dd_exp(DD8 x) { return simd::exp(x); }
DD8 dd_expm1(DD8 x) { return simd::expm1(x); }
DD8 dd_log(DD8 x) { return simd::log(x); }
DD8 dd_tanh(DD8 x) { return simd::tanh(x); }
DD8 dd_add(DD8 a, DD8 b) { return simd::add(a, b); }
DD8 dd_sub(DD8 a, DD8 b) { return simd::sub(a, b); }
DD8 dd_mul(DD8 a, DD8 b) { return simd::mul(a, b); }
DD8 dd_div(DD8 a, DD8 b) { return simd::div(a, b); }
DD8 dd_add_double(DD8 a, F64x8 b) { return simd::add(a, b); }
DD8 dd_mul_double(DD8 a, F64x8 b) { return simd::mul(a, b); }
double log_of_one(double x) { return simd::log(x); }

F32x16 twice(const double* from) {
  float lanes[16];
  simd::store_rounded(lanes, load(from));
  simd::store_rounded(lanes + 8, load(from));
  return simd::load16(lanes);
}

void double_operations(const double* a_from, const double* b_from, const double* c_from,
                       double* y) {
  const F64x8 a = load(a_from);
  const F64x8 b = load(b_from);
  const F64x8 c = load(c_from);
  F64x8 sum = a;
  sum += b;
  const F64x8 results[] = {a + b,         sum,
                           a - b,         a * b,
                           a / b,         fma(a, b, c),
                           fms(a, b, c),  fnma(a, b, c),
                           smaller(a, b), larger(a, b),
                           magnitude(a),  with_sign_of(a, b),
                           sqrt(a),       select(less(a, b), c, a)};
  for (const F64x8 result : results) {
    store(y, result);
    y += 8;
  }
}

void float_operations(const double* a_from, const double* b_from, const double* c_from, double* y) {
  const F32x16 a = twice(a_from);
  const F32x16 b = twice(b_from);
  const F32x16 c = twice(c_from);
  F32x16 sum = a;
  sum += b;
  const F32x16 results[] = {
      a, a + b, sum, a - b, a * b, fma(a, b, c), smaller(a, b), larger(a, b), magnitude(a)};
  for (const F32x16 result : results) {
    float lanes[16];
    store(lanes, result);
    store(y, simd::load_widened(lanes));
    store(y + 8, simd::load_widened(lanes + 8));
    y += 16;
  }
}

void bit_operations(const double* k_from, const double* x_from, double* y) {
  using simd::splat;
  const F64x8 k = load(k_from);
  const F64x8 magic = splat(oracle::simd::kMagic) + k;
  const F64x8 biased = splat(oracle::simd::kMagic + 256 * 1023) + splat(256.0) * k;
  F64x8 exponent;
  const F64x8 fraction = split_exponent(load(x_from), exponent);
  const F64x8 results[] = {power_of_two(magic),
                           power_of_two_of_256ths(biased),
                           power_of_two_of_256ths(biased + splat(255.0)),
                           look_up(oracle::simd::kPower16, magic),
                           look_up_high(oracle::simd::kPower16, magic),
                           look_up_scaled(oracle::simd::kScaledPower16, magic),
                           fraction,
                           exponent};
  for (const F64x8 result : results) {
    store(y, result);
    y += 8;
  }
}

double sum_lanes(const double* a) { return simd::sum_lanes(load(a)); }
double largest_lane(const double* a) { return simd::largest_lane(load(a)); }
double smallest_lane(const double* a) { return simd::smallest_lane(load(a)); }

}  // namespace

#if defined(ATTEST_SIMD_AVX512)
const SimdProbe kAvx512Probe = {
    .name = "avx512",
#elif defined(ATTEST_SIMD_AVX2)
const SimdProbe kAvx2Probe = {
    .name = "avx2",
#else
const SimdProbe kPortableProbe = {
    .name = "portable",
#endif
    .exp = each<exp>,
    .log = each<log>,
    .tanh = each<tanh>,
    .dd_exp = each_dd<dd_exp>,
    .dd_expm1 = each_dd<dd_expm1>,
    .dd_log = each_dd<dd_log>,
    .dd_tanh = each_dd<dd_tanh>,
    .dd_add = each_pair<dd_add>,
    .dd_sub = each_pair<dd_sub>,
    .dd_mul = each_pair<dd_mul>,
    .dd_div = each_pair<dd_div>,
    .dd_add_double = each_with_double<dd_add_double>,
    .dd_mul_double = each_with_double<dd_mul_double>,
    .log_of_one = log_of_one,
    .double_operations = double_operations,
    .float_operations = float_operations,
    .bit_operations = bit_operations,
    .sum_lanes = sum_lanes,
    .largest_lane = largest_lane,
    .smallest_lane = smallest_lane,
};

}  // namespace attest::tests
