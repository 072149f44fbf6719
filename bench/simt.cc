// What the SIMT executor costs: nanoseconds per thread and primitive, and mode check against plain
// on a flash prefill. Goals are in the table; they are for one core that does nothing else. Run:
// build/release/bench/bench_simt
#include "kernels/simt/simt.h"

#include <algorithm>
#include <ctime>
#include <vector>

#include <fmt/format.h>

#include "bench/simt_flash.h"
#include "bench/simt_kernels.h"

namespace {

using attest::simt::Policy;

/// This thread's processor time, in nanoseconds.
double now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// The least of 15 runs.
template <class Run>
double least(Run run) {
  double best = 1e30;
  for (int i = 0; i < 15; ++i) {
    const double begin = now();
    run();
    best = std::min(best, now() - begin);
  }
  return best;
}

double per_thread(SimtPrimitive primitive, int threads, bool checked) {
  const int repeats = std::max(50, 100'000 / threads);
  std::vector<float> out(1024);
  const SimtBench what{primitive, threads, repeats, out.data()};
  const double time = least([&] { checked ? simt_bench_check(&what) : simt_bench_plain(&what); });
  return time / repeats / threads;
}

void primitives(Policy policy) {
  attest::simt::set_options({.policy = policy, .seed = 1});
  fmt::print("\npolicy {}, ns per thread\n\n", attest::simt::name(policy));
  fmt::print(
      "| threads | mode | empty block | __syncthreads (goal 20) | shuffle (goal 35) | shared "
      "load |\n|---|---|---|---|---|---|\n");
  for (const int threads : {32, 128, 1024}) {
    for (const bool checked : {false, true}) {
      fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.2f} |\n", threads,
                 checked ? "check" : "plain", per_thread(kEmptyBlock, threads, checked),
                 per_thread(kBarrier, threads, checked), per_thread(kShuffle, threads, checked),
                 per_thread(kSharedLoad, threads, checked));
    }
  }
}

void flash() {
  constexpr int kHeads = 2;
  constexpr int kLength = 128;
  constexpr int kDim = 32;
  constexpr std::size_t kElements = kHeads * kLength * kDim;
  std::vector<float> q(kElements), k(kElements), v(kElements), out(kElements);
  for (std::size_t i = 0; i < kElements; ++i) {
    q[i] = static_cast<float>(i * 7 % 101) * 0.01f;
    k[i] = static_cast<float>(i * 5 % 103) * 0.01f;
    v[i] = static_cast<float>(i * 3 % 107) * 0.01f;
  }
  attest::simt::set_options({});
  for (const auto* data : {&q, &k, &v, &out}) {
    attest::simt::announce(data->data(), kElements * sizeof(float), true, "tensor");
  }
  const SimtFlash call{kHeads, kLength, q.data(), k.data(), v.data(), out.data()};
  const double plain = least([&] { simt_flash_plain(&call); });
  const double check = least([&] { simt_flash_check(&call); });
  fmt::print(
      "\nflash prefill, {} heads, {} keys, causal: plain {:.2f} ms, check {:.2f} ms, ratio "
      "{:.1f} (goal 10), {} findings\n",
      kHeads, kLength, plain * 1e-6, check * 1e-6, check / plain,
      attest::simt::report().findings.size());
}

}  // namespace

int main() {
  for (const Policy policy : {Policy::kInOrder, Policy::kRandom, Policy::kPermutation}) {
    primitives(policy);
  }
  flash();
}
