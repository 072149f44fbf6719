// A plug-in for benches: dense attention about as fast as llama.cpp's on a CPU, where the textbook
// kernels would be all that a bench of attest itself measures. Contiguous cache, causal or not,
// softcap; four rows against sixteen keys or lanes at a time, everything in f32.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/small_floats.h"

namespace {

using attest::kernels::cpu::BF16;
using attest::kernels::cpu::F16;

constexpr std::int64_t kRows = 4;
constexpr std::int64_t kWide = 16;           // keys of a tile of K, lanes of one of V
constexpr std::int32_t kWholeRow = 1 << 20;  // two passes
constexpr float kHidden = -std::numeric_limits<float>::infinity();

std::int64_t tiles_of(std::int64_t count) { return (count + kWide - 1) / kWide; }

float narrow(float value, float /*type*/) { return value; }
template <typename T>
T narrow(float value, T /*type*/) {
  return T::from(value);
}

/// The keys and values of one head of a sequence: K as [tile of keys][lane][kWide], V as [tile of
/// lanes][key][kWide].
struct Packed {
  std::vector<float> k, v;
  std::int64_t keys = 0, dim = 0, dim_v = 0;

  template <typename T>
  void pack(const attest_attend& call, std::int64_t first, std::int64_t head) {
    k.assign(static_cast<std::size_t>(tiles_of(keys) * dim * kWide), 0);
    v.assign(static_cast<std::size_t>(tiles_of(dim_v) * keys * kWide), 0);
    for (std::int64_t j = 0; j < keys; ++j) {
      const std::int64_t at = (first + j) * call.num_kv_heads + head;
      const T* from = static_cast<const T*>(call.k.data) + at * dim;
      float* to = k.data() + j / kWide * dim * kWide + j % kWide;
      for (std::int64_t d = 0; d < dim; ++d) to[d * kWide] = static_cast<float>(from[d]);
      from = static_cast<const T*>(call.v.data) + at * dim_v;
      for (std::int64_t d = 0; d < dim_v; ++d) {
        v[static_cast<std::size_t>((d / kWide * keys + j) * kWide + d % kWide)] =
            static_cast<float>(from[d]);
      }
    }
  }
};

using Sums = std::array<std::array<float, kWide>, kRows>;

/// sum_i a[i, row] b[i, column], i in order.
Sums multiply(const float* a, const float* b, std::int64_t count) {
  Sums sums{};
  for (std::int64_t i = 0; i < count; ++i, a += kRows, b += kWide) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      for (std::int64_t c = 0; c < kWide; ++c) sums[r][c] += a[r] * b[c];
    }
  }
  return sums;
}

/// Scores of one row to weights; their sum.
float weigh(float* scores, std::int64_t keys) {
  float most = kHidden;
  for (std::int64_t j = 0; j < keys; ++j) most = std::max(most, scores[j * kRows]);
  float sum = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    float& score = scores[j * kRows];
    score = score == kHidden ? 0 : std::exp(score - most);
    sum += score;
  }
  return sum;
}

struct Row {
  std::int64_t query, head;
  std::int64_t last;  ///< keys that it sees
};

template <typename T>
void attend_rows(const attest_attend& call, const Packed& packed, const Row* rows,
                 std::int64_t count, std::vector<float>& q, std::vector<float>& scores) {
  const std::int64_t dim = packed.dim;
  std::fill(q.begin(), q.end(), 0.0F);
  std::int64_t keys = 0;
  for (std::int64_t r = 0; r < count; ++r) {
    const T* from = static_cast<const T*>(call.q.data) +
                    (rows[r].query * call.num_q_heads + rows[r].head) * dim;
    for (std::int64_t d = 0; d < dim; ++d) {
      q[static_cast<std::size_t>(d * kRows + r)] = static_cast<float>(from[d]);
    }
    keys = std::max(keys, rows[r].last);
  }
  const auto scale = static_cast<float>(call.scale);
  const auto cap = static_cast<float>(call.softcap);
  for (std::int64_t tile = 0; tile < tiles_of(keys); ++tile) {
    const Sums sums = multiply(q.data(), packed.k.data() + tile * dim * kWide, dim);
    for (std::int64_t c = 0; c < kWide; ++c) {
      float* to = scores.data() + (tile * kWide + c) * kRows;
      for (std::int64_t r = 0; r < kRows; ++r) {
        float score = sums[r][c] * scale;
        if (cap > 0) score = cap * std::tanh(score / cap);
        to[r] = r < count && tile * kWide + c < rows[r].last ? score : kHidden;
      }
    }
  }
  std::array<float, kRows> sum{};
  for (std::int64_t r = 0; r < kRows; ++r) sum[r] = weigh(scores.data() + r, keys);
  for (std::int64_t tile = 0; tile < tiles_of(packed.dim_v); ++tile) {
    const Sums sums = multiply(scores.data(), packed.v.data() + tile * packed.keys * kWide, keys);
    const std::int64_t lanes = std::min(kWide, packed.dim_v - tile * kWide);
    for (std::int64_t r = 0; r < count; ++r) {
      T* to = static_cast<T*>(call.o.data) +
              (rows[r].query * call.num_q_heads + rows[r].head) * packed.dim_v + tile * kWide;
      for (std::int64_t c = 0; c < lanes; ++c) {
        to[c] = narrow(sum[r] == 0 ? 0 : sums[r][c] / sum[r], T{});
      }
    }
  }
}

template <typename T>
attest_status attend(void* /*self*/, const attest_attend* call, attest_report* /*report*/) {
  const std::int64_t group = call->num_q_heads / call->num_kv_heads;
  Packed packed;
  packed.dim = call->head_dim_qk;
  packed.dim_v = call->head_dim_v;
  std::vector<float> q(static_cast<std::size_t>(packed.dim * kRows)), scores;
  for (std::int64_t b = 0; b < call->batch; ++b) {
    const std::int64_t first_row = call->cu_seqlens_q.host[b];
    const std::int64_t count = call->cu_seqlens_q.host[b + 1] - first_row;
    packed.keys = call->kv_len.host[b];
    scores.resize(static_cast<std::size_t>(tiles_of(packed.keys) * kWide * kRows));
    for (std::int64_t kv_head = 0; kv_head < call->num_kv_heads && count > 0; ++kv_head) {
      packed.pack<T>(*call, call->cu_seqlens_k.host[b], kv_head);
      std::array<Row, kRows> rows;
      for (std::int64_t i = 0; i < count * group; ++i) {
        const std::int64_t row = i / group;
        const std::int64_t last =
            call->causal != 0 ? call->start_pos.host[b] + row + 1 : packed.keys;
        rows[i % kRows] = {first_row + row, kv_head * group + i % group,
                           std::clamp<std::int64_t>(last, 0, packed.keys)};
        if (i % kRows == kRows - 1 || i == count * group - 1) {
          attend_rows<T>(*call, packed, rows.data(), i % kRows + 1, q, scores);
        }
      }
    }
  }
  return ATTEST_OK;
}

attest_kernel declare(const char* name, std::uint32_t dtype, decltype(attest_kernel::attend) run) {
  attest_kernel kernel{};
  kernel.struct_size = sizeof kernel;
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.name = name;
  kernel.description = "dense attention in blocks of rows and keys, for benches";
  kernel.capabilities.struct_size = sizeof kernel.capabilities;
  kernel.capabilities.q_dtypes = ATTEST_DTYPE_BIT(dtype);
  kernel.capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
  kernel.capabilities.features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL |
                                 ATTEST_FEATURE_SOFTCAP | ATTEST_FEATURE_EMPTY_KV |
                                 ATTEST_FEATURE_EMPTY_Q | ATTEST_FEATURE_RAGGED;
  kernel.numerics.struct_size = sizeof kernel.numerics;
  kernel.numerics.accumulate = ATTEST_F32;
  kernel.numerics.preset = "cpu_scalar";
  kernel.numerics.tile = kWholeRow;
  kernel.numerics.max_splits = 1;
  kernel.attend = run;
  return kernel;
}

}  // namespace

extern "C" const attest_kernel* attest_kernels(std::uint32_t abi_version, std::size_t* count) {
  static const attest_kernel kKernels[] = {declare("fast_dense_f32", ATTEST_F32, attend<float>),
                                           declare("fast_dense_f16", ATTEST_F16, attend<F16>),
                                           declare("fast_dense_bf16", ATTEST_BF16, attend<BF16>)};
  *count = std::size(kKernels);
  return abi_version == ATTEST_ABI_VERSION ? kKernels : nullptr;
}
