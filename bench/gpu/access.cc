// How the CUDA kernels reach memory, as Markdown: bytes used of each 32-byte sector, bank
// conflicts, lanes that take part. Counted on the CPU, in mode check of the SIMT executor, on the
// calls that bench_gpu times at N = 64, with fewer sequences and heads. It needs no GPU.
//
// Run: build/release/bench/gpu/bench_access
#include <algorithm>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "bench/gpu/device_call.h"
#include "kernels/cuda/kernels.h"
#include "kernels/simt/pattern.h"
#include "kernels/simt/simt.h"
#include "problem/errors.h"

namespace {

using namespace attest;

constexpr int kLength = 64;

/// What each sequence and group of heads does, another does, too.
bench::Sizes small_sizes(const attest_kernel& kernel) {
  bench::Sizes sizes = bench::sizes_for(kernel, kLength);
  sizes.batch = std::min(sizes.batch, 2);
  const int group = sizes.num_q_heads / sizes.num_kv_heads;
  sizes.num_kv_heads = std::min(sizes.num_kv_heads, 2);
  sizes.num_q_heads = std::min(sizes.num_kv_heads * group, 8);
  return sizes;
}

void print_row(const attest_kernel& kernel) {
  const bench::Sizes sizes = small_sizes(kernel);
  simt::set_options({});
  const bench::DeviceCall call(kernel, sizes, nullptr);
  simt::count_accesses(true);
  call.enqueue();
  simt::count_accesses(false);
  if (!simt::report().ok()) {
    throw ContractError(fmt::format("{}: {}", kernel.name, simt::report().findings.front().text));
  }
  const simt::AccessPattern& pattern = simt::access_pattern();
  fmt::print("| {} | {} | {} | {:.1f} | {} | {} | {:.1f} | {:.0f} % |\n", kernel.name,
             bench::sizes_text(kernel, sizes), pattern.global_requests, pattern.bytes_per_sector(),
             pattern.shared_requests,
             pattern.shared_requests == 0 ? "" : fmt::format("{:.2f}", pattern.conflicts()),
             pattern.lanes_per_request(), 100 * pattern.share_diverged());
}

}  // namespace

int main() {
  try {
    fmt::print(
        "| kernel | call | global requests of a warp | bytes used of 32 | shared requests "
        "| passes, 1 without conflicts | lanes of 32 | not all lanes |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|\n");
    std::size_t count = 0;
    const attest_kernel* const* kernels = attest_cuda_kernels_check(&count);
    for (std::size_t i = 0; i < count; ++i) print_row(*kernels[i]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_access: {}\n", error.what());
    return 70;
  }
}
