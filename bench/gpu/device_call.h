// A kernel's call on the device's memory, of given sizes and filled with noise.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>
#include <memory>
#include <string>
#include <vector>

#include "bench/gpu/counts.h"
#include "kernels/attest_kernel.h"

namespace attest::bench {

struct Sizes {
  int batch = 1;
  int q_len = 1;   ///< of an append: the new tokens; of a merge: the rows
  int kv_len = 1;  ///< of a merge: the states
  int num_q_heads = 32;
  int num_kv_heads = 8;
  int head_dim_qk = 128;
  int head_dim_v = 128;
  std::int32_t layout = ATTEST_LAYOUT_CONTIGUOUS;
  int page_size = 16;  ///< pages are in random order
};

/// What a kernel is asked to do at length `n`: prefill, decode of 16 sequences, an append of n
/// tokens or a merge of 8 states of n rows. From what it declares.
Sizes sizes_for(const attest_kernel& kernel, int n);
/// "batch 16, q 1, kv 2048, heads 32/8, D 128"
std::string sizes_text(const attest_kernel& kernel, const Sizes& sizes);

class DeviceCall {
 public:
  /// Causal, nothing else. Throws: CudaError; ContractError when the kernel will not plan it.
  DeviceCall(const attest_kernel& kernel, const Sizes& sizes, cudaStream_t stream);
  ~DeviceCall();
  DeviceCall(const DeviceCall&) = delete;
  DeviceCall& operator=(const DeviceCall&) = delete;

  /// Launches it on the stream. Throws: ContractError with the kernel's words when it refuses.
  void enqueue() const;
  const Counts& counts() const { return counts_; }

 private:
  struct Memory;
  void make_attend(const Sizes& sizes);
  void make_append(const Sizes& sizes);
  void make_merge(const Sizes& sizes);

  const attest_kernel& kernel_;
  std::unique_ptr<Memory> memory_;
  attest_attend attend_{};
  attest_append append_{};
  attest_merge merge_{};
  std::vector<attest_state> states_;
  Counts counts_;
};

}  // namespace attest::bench
