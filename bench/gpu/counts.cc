#include "bench/gpu/counts.h"

#include <algorithm>

#include "kernels/launch.h"

namespace attest::bench {
namespace {

double bytes_of(const attest_tensor& tensor, double elements) {
  if (tensor.data == nullptr) return 0;
  return elements * static_cast<double>(kernels::element_size(tensor.dtype));
}

double elements_of(const attest_tensor& tensor) {
  double count = 1;
  for (int axis = 0; axis < tensor.rank; ++axis) count *= static_cast<double>(tensor.shape[axis]);
  return count;
}

double bytes_of(const attest_tensor& tensor) { return bytes_of(tensor, elements_of(tensor)); }

/// Pairs of a row and a key it sees.
double visible_pairs(int q_len, int kv_len, int start_pos, bool causal) {
  double pairs = 0;
  for (int row = 0; row < q_len; ++row) {
    const int seen = causal ? std::clamp(start_pos + row + 1, 0, kv_len) : kv_len;
    pairs += seen;
  }
  return pairs;
}

}  // namespace

Counts counts_of(const attest_attend& call) {
  double pairs = 0, tokens = 0;
  for (int b = 0; b < call.batch; ++b) {
    const int q_len = call.cu_seqlens_q.host[b + 1] - call.cu_seqlens_q.host[b];
    const int kv_len = call.kv_len.host[b];
    pairs += visible_pairs(q_len, kv_len, call.start_pos.host[b], call.causal != 0);
    tokens += kv_len;
  }
  const bool prefix = call.v.data == call.k.data;
  Counts counts;
  counts.flops = 2 * pairs * call.num_q_heads * (call.head_dim_qk + call.head_dim_v);
  counts.bytes = bytes_of(call.q) + bytes_of(call.o) + bytes_of(call.lse) +
                 bytes_of(call.k, tokens * call.num_kv_heads * call.head_dim_qk) +
                 (prefix ? 0 : bytes_of(call.v, tokens * call.num_kv_heads * call.head_dim_v));
  return counts;
}

Counts counts_of(const attest_merge& merge) {
  const double outputs = static_cast<double>(merge.total_q) * merge.num_q_heads * merge.head_dim_v;
  Counts counts;
  counts.flops = 2 * outputs * merge.num_states;
  counts.bytes = bytes_of(merge.out.o) + bytes_of(merge.out.lse);
  for (int s = 0; s < merge.num_states; ++s) {
    counts.bytes += bytes_of(merge.states[s].o) + bytes_of(merge.states[s].lse);
  }
  return counts;
}

Counts counts_of(const attest_append& append) {
  const double tokens = static_cast<double>(append.num_tokens) * append.num_kv_heads;
  Counts counts;
  counts.bytes = bytes_of(append.k_new) + bytes_of(append.v_new) + bytes_of(append.slot_mapping) +
                 bytes_of(append.k, tokens * append.head_dim_qk) +
                 bytes_of(append.v, tokens * append.head_dim_v);
  return counts;
}

}  // namespace attest::bench
