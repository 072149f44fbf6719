#include "problem/recipe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "problem/draws.h"
#include "problem/index.h"
#include "problem/philox.h"

namespace attest::problem {
namespace {

constexpr double kLn2 = 0.6931471805599453;

/// Carrier lanes reach to this magnitude: their products stay finite in f32.
constexpr double kMostCarried = 0x1p58;

/// ceil(log2(n)) for n >= 1.
int ceil_log2(std::int64_t n) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n - 1)));
}

/// Grows by 1 per key at first and ever more slowly, to at most 252 at the last key there can be;
/// exact.
double rise(std::int64_t key) {
  const auto j = static_cast<double>(key);
  if (key < 64) return j;
  if (key < 1088) return 64.0 + (j - 64.0) * 0x1p-4;
  if (key < 66624) return 128.0 + (j - 1088.0) * 0x1p-10;
  return 192.0 + (j - 66624.0) * 0x1p-14;
}

/// What a distribution asks of the scores: their largest magnitude, their random part and the noise
/// of other lanes.
struct Shape {
  double magnitude;
  double jitter;
  double noise;  ///< standard deviation of the other lanes' part of the score, at most
  bool row_factor;
};

/// Low scores leave room for the rounding of c_j to two mantissa bits, an eighth of it.
constexpr double kLow = -7.0e4;
constexpr double kVeryLow = -1.2e5;
/// exp of these times 1 is a number, times 9/8 it is not.
constexpr double kLargeF32 = 84.0;
constexpr double kLargeF64 = 704.0;

double large_score(const Problem& problem) {
  return problem.q_dtype == DType::kF64 ? kLargeF64 : kLargeF32;
}

Shape shape_of(Distribution distribution, const Problem& problem) {
  switch (distribution) {
    case Distribution::kNeedle:
      return {16.0, 0.25, 0.5, false};
    case Distribution::kPeaked:
      return {128.0, 0.0, 1.0, true};
    case Distribution::kRising:
    case Distribution::kFalling:
      return {128.0, 0.0, 0.125, true};
    case Distribution::kLowScores:
      return {-kLow, 2.0, 4.0, true};
    case Distribution::kVeryLowScores:
      return {-kVeryLow, 2.0, 4.0, true};
    case Distribution::kLargeScores:
      return {large_score(problem), 2.0, 1.0, true};
    default:
      return {0.0, 0.0, 0.0, false};
  }
}

}  // namespace

Recipe::Recipe(const Problem& problem, const Values& values)
    : problem_(problem),
      distribution_(values.distribution),
      seed_(values.seed),
      needle_(values.needle),
      carrier_(make_carrier()),
      k_ulp_(2.0 * unit_roundoff(problem.k_dtype)) {
  fill_common();
}

Recipe::Carrier Recipe::make_carrier() const {
  const Shape shape = shape_of(distribution_, problem_);
  Carrier carrier;
  if (shape.magnitude == 0.0 || problem_.scale == 0.0) return carrier;  // every score is 0 anyway

  const double scale = problem_.scale < 0.0 ? -problem_.scale : problem_.scale;
  const std::int64_t carrier_lanes = (problem_.head_dim_qk + 3) / 4;
  const auto carriers = static_cast<double>(carrier_lanes);
  // Room is left for the row factor.
  const double largest_q = std::min(kMostCarried, floor_power(largest_finite(problem_.q_dtype)));
  const double smallest_q = std::max(1.0 / kMostCarried, smallest_normal(problem_.q_dtype));
  // Half of the exponent for q, the rest for k.
  const double level =
      std::clamp(half_power(shape.magnitude / (scale * carriers)), smallest_q, largest_q);
  carrier.q_level = problem_.scale < 0.0 ? -level : level;
  carrier.k_per_score = std::min(1.0 / (scale * carriers * level), 0x1p900);
  carrier.k_limit = std::min(kMostCarried, largest_finite(problem_.k_dtype));
  // Each product of two lattice numbers has standard deviation 4, and sqrt(head_dim) <= root.
  const auto root =
      static_cast<double>(std::int64_t{1} << ((ceil_log2(problem_.head_dim_qk) + 1) / 2));
  carrier.q_noise =
      std::clamp(floor_power(shape.noise / (4.0 * scale * root)), 1.0 / kMostCarried, 1.0);
  carrier.jitter = shape.jitter;
  carrier.row_factor = shape.row_factor;
  return carrier;
}

template <typename Value>
void Recipe::fill(Tensor tensor, std::int64_t sequence, std::int64_t token, std::int64_t head,
                  std::int64_t lanes, double* out, Value&& value) const {
  constexpr std::int64_t kMany = 8, kFew = 4;  // blocks drawn at once
  std::array<std::uint32_t, 4 * kMany> bits;
  for (std::int64_t first = 0; first < lanes;) {
    const bool few = lanes - first <= 4 * kFew;
    const auto draw = few ? &random_blocks<kFew> : &random_blocks<kMany>;
    draw(seed_, tensor, sequence, token, head, first / 4, bits.data());
    const std::int64_t count = std::min(4 * (few ? kFew : kMany), lanes - first);
    for (std::int64_t i = 0; i < count; ++i) out[first + i] = value(bits[at(i)], first + i);
    first += count;
  }
}

void Recipe::fill_common() {
  const std::int64_t heads = problem_.num_kv_heads;
  const std::int64_t dim_qk = problem_.head_dim_qk;
  const std::int64_t dim_v = problem_.head_dim_v;
  const bool coherent = distribution_ == Distribution::kCoherent;
  const bool ties = distribution_ == Distribution::kNearTies;
  if (shaped() || coherent || ties) {
    common_k_.resize(at(heads * dim_qk));
    for (std::int64_t h = 0; h < heads; ++h) {
      const auto value = [&](std::uint32_t bits, std::int64_t lane) {
        if (coherent)
          return static_cast<double>(1 << (bits >> 31)) * 0.5 *
                 static_cast<double>(1 << ((bits >> 30) & 1));
        if (ties) return lane == 0 ? 1.0 : lattice(bits);
        return lane == 0 || bits >> 31 == 0 ? 1.0 : -1.0;
      };
      fill(Tensor::kK, 0, kNoToken, h, dim_qk, &common_k_[at(h * dim_qk)], value);
    }
  }
  if (distribution_ == Distribution::kConstantV || distribution_ == Distribution::kCancellingV) {
    const bool constant = distribution_ == Distribution::kConstantV;
    common_v_.resize(at(heads * dim_v));
    for (std::int64_t h = 0; h < heads; ++h) {
      const auto value = [&](std::uint32_t bits, std::int64_t) {
        return constant ? normal(bits) : 24.0 + 8.0 * symmetric(bits);
      };
      fill(Tensor::kV, 0, kNoToken, h, dim_v, &common_v_[at(h * dim_v)], value);
    }
  }
}

double Recipe::wanted_score(std::int64_t sequence, std::int64_t token, std::uint32_t bits) const {
  switch (distribution_) {
    case Distribution::kNeedle: {
      // n keys at 0 and one at ln(n), with n rounded up to a power of two: between 1/2 and 2/3 for
      // the needle.
      const std::int64_t kv_len = problem_.sequences[at(sequence)].kv_len;
      const std::int64_t needle = std::min(needle_, kv_len - 1);
      return token == needle ? kLn2 * ceil_log2(kv_len) : 0.0;
    }
    case Distribution::kPeaked:
      // Levels 20 apart, each half as frequent as the one below.
      return 20.0 * std::min(std::countl_zero(bits), 7) + 4.0 * symmetric(remix(bits));
    case Distribution::kRising:
      return rise(token);
    case Distribution::kFalling:
      return -rise(token);
    case Distribution::kLowScores:
      return kLow;
    case Distribution::kVeryLowScores:
      return kVeryLow;
    case Distribution::kLargeScores:
      return large_score(problem_);
    default:
      return 0.0;
  }
}

void Recipe::fill_q(std::int64_t sequence, std::int64_t row, std::int64_t head, double* out) const {
  const std::int64_t dim = problem_.head_dim_qk;
  const double* common =
      common_k_.empty() ? nullptr : &common_k_[at(head / problem_.group() * dim)];
  const auto draw = [&](auto&& value) { fill(Tensor::kQ, sequence, row, head, dim, out, value); };
  if (shaped()) {
    double level = carrier_.q_level;
    return draw([&](std::uint32_t bits, std::int64_t lane) {
      if (lane == 0 && carrier_.row_factor && bits >> 31 != 0) level *= 1.125;
      return lane % 4 == 0 ? level * common[lane] : carrier_.q_noise * lattice(bits);
    });
  }
  switch (distribution_) {
    case Distribution::kNormal:
    case Distribution::kSubnormalV:
      return draw([](std::uint32_t bits, std::int64_t) { return normal(bits); });
    case Distribution::kHeavyTail:
      return draw([](std::uint32_t bits, std::int64_t) { return heavy_tail(bits); });
    case Distribution::kUniform:
      std::fill(out, out + dim, 0.0);
      return;
    case Distribution::kCancellingV:  // weights nearly equal, so that values nearly cancel
      return draw([](std::uint32_t bits, std::int64_t) { return 0.125 * lattice(bits); });
    case Distribution::kCoherent: {
      double level = 1.0;
      return draw([&](std::uint32_t bits, std::int64_t lane) {
        if (lane == 0) level = 0.5 + 0.25 * static_cast<double>(bits >> 30);
        return level * common[lane];
      });
    }
    default:
      return draw([](std::uint32_t bits, std::int64_t) { return lattice(bits); });
  }
}

void Recipe::fill_k(std::int64_t sequence, std::int64_t token, std::int64_t head,
                    double* out) const {
  const std::int64_t dim = problem_.head_dim_qk;
  const double* common = common_k_.empty() ? nullptr : &common_k_[at(head * dim)];
  const auto draw = [&](auto&& value) { fill(Tensor::kK, sequence, token, head, dim, out, value); };
  if (shaped()) {
    double level = 0.0;
    return draw([&](std::uint32_t bits, std::int64_t lane) {
      if (lane == 0) {
        const double score =
            wanted_score(sequence, token, bits) + carrier_.jitter * symmetric(bits);
        level = std::clamp(score * carrier_.k_per_score, -carrier_.k_limit, carrier_.k_limit);
      }
      return lane % 4 == 0 ? level * common[lane] : lattice(bits);
    });
  }
  switch (distribution_) {
    case Distribution::kNormal:
    case Distribution::kSubnormalV:
      return draw([](std::uint32_t bits, std::int64_t) { return normal(bits); });
    case Distribution::kHeavyTail:
      return draw([](std::uint32_t bits, std::int64_t) { return heavy_tail(bits); });
    case Distribution::kNearTies:
      return draw([&](std::uint32_t bits, std::int64_t lane) {
        return lane == 0 ? 1.0 + k_ulp_ * static_cast<double>(bits >> 30) : common[lane];
      });
    case Distribution::kCoherent: {
      double level = 1.0;
      return draw([&](std::uint32_t bits, std::int64_t lane) {
        if (lane == 0) level = 0.125 * static_cast<double>(1 + (bits >> 29));
        return level * common[lane];
      });
    }
    default:
      return draw([](std::uint32_t bits, std::int64_t) { return lattice(bits); });
  }
}

void Recipe::fill_v(std::int64_t sequence, std::int64_t token, std::int64_t head,
                    double* out) const {
  const std::int64_t dim = problem_.head_dim_v;
  const double* common = common_v_.empty() ? nullptr : &common_v_[at(head * dim)];
  const auto draw = [&](auto&& value) { fill(Tensor::kV, sequence, token, head, dim, out, value); };
  switch (distribution_) {
    case Distribution::kLattice:
    case Distribution::kUniform:
      return draw([](std::uint32_t bits, std::int64_t) { return lattice(bits); });
    case Distribution::kHeavyTail:
      return draw([](std::uint32_t bits, std::int64_t) { return heavy_tail(bits); });
    case Distribution::kSubnormalV: {
      const int mantissa_bits = format_of(problem_.v_dtype).mantissa_bits;
      const double unit = smallest_subnormal(problem_.v_dtype);
      return draw([&](std::uint32_t bits, std::int64_t) {
        const std::uint64_t wide = std::uint64_t{bits} << 32 | remix(bits);
        const double value = static_cast<double>(wide >> (64 - mantissa_bits)) * unit;
        return (bits & 1) != 0 ? -value : value;
      });
    }
    case Distribution::kCancellingV: {
      const double sign = token % 2 == 0 ? 1.0 : -1.0;
      return draw([&](std::uint32_t bits, std::int64_t lane) {
        return sign * (common[lane] + 0.125 * symmetric(bits));
      });
    }
    case Distribution::kConstantV:
      std::copy(common, common + dim, out);
      return;
    case Distribution::kOneHotV:
      std::fill(out, out + dim, 0.0);
      out[token % dim] = 1.0;
      return;
    default:
      return draw([](std::uint32_t bits, std::int64_t) { return normal(bits); });
  }
}

void Recipe::fill_bias(std::int64_t sequence, std::int64_t row, std::int64_t head,
                       double* out) const {
  const std::int64_t keys = problem_.sequences[at(sequence)].kv_len;
  fill(Tensor::kBias, sequence, row, head, keys, out,
       [](std::uint32_t bits, std::int64_t) { return normal(bits); });
}

}  // namespace attest::problem
