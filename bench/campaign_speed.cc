// How many checks a second a campaign does with kernels in processes of their own, and what share
// of that isolation costs. Run: build/release/bench/bench_campaign_speed [SECONDS [MIX]]
//
// Five mixes. "small": built-in f32 kernels, kv_len <= 64, head dims <= 32, run by the campaign
// itself, oracle.output alone and every property. "llama": oracle.output, second looks and all, on
// kernels about as fast as llama.cpp's (fast_dense.cc), with the shapes of its FLASH_ATTN_EXT test
// (test-backend-ops): kv 113 to 1024, head size 40 to 256, 1 to 75 queries, K/V f16, bf16 or f32.
// "simt": a CUDA kernel on the CPU, one lane; goals 700 (paged_attention_v1) and 80
// (flash_prefill). "cuda": small, oracle.output, with CUDA kernels by lanes; it needs a GPU and is
// run only when named. The ways of running a mix take turns, so that a busy machine slows all;
// checks a second of a core say most where others keep it busy.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <sys/resource.h>

#include "bench/speed_cases.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "campaign/wire.h"
#include "kernels/registry.h"
#include "properties/property.h"

namespace {

using namespace attest;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Way {
  const char* name;
  bool in_process;
  int lanes;
};

struct Rate {
  std::int64_t checks = 0;
  double seconds = 0;         ///< wall time
  double lane_seconds = 0;    ///< of all lanes
  double kernel_seconds = 0;  ///< of all lanes, waiting for kernels
  double cpu_seconds = 0;     ///< of all processes, kernels included
  std::int64_t failures = 0;

  Rate& operator+=(const Rate& other) {
    checks += other.checks;
    seconds += other.seconds;
    lane_seconds += other.lane_seconds;
    kernel_seconds += other.kernel_seconds;
    cpu_seconds += other.cpu_seconds;
    failures += other.failures;
    return *this;
  }
  double per_second() const { return static_cast<double>(checks) / seconds; }
  /// What the same lanes would do with kernels that take no time.
  double without_kernels() const {
    return per_second() * lane_seconds / (lane_seconds - kernel_seconds);
  }
};

// ---- small ------------------------------------------------------------------------------------

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kSmallKernels = {
    "cpu/dense_f32", "cpu/paged_decode_f32", "cpu/split_kv_f32", "cpu/tiled_prefill_f32"};
constexpr std::array<std::string_view, 3> kSimtPaged = {
    "simt/paged_attention_v1_f32", "simt/paged_attention_v1_f16", "simt/paged_attention_v1_bf16"};
constexpr std::array<std::string_view, 1> kSimtFlash = {"simt/flash_prefill_f32"};
constexpr std::array<std::string_view, 2> kCudaKernels = {"cuda/dense_f32",
                                                          "cuda/paged_attention_v1_f32"};

void cap(attest_set& set, std::int64_t most) {
  if (set.count > 0) {
    const auto end = std::remove_if(set.list, set.list + set.count,
                                    [&](std::int64_t value) { return value > most; });
    set.count = static_cast<std::int32_t>(end - set.list);
  } else {
    set.max = set.max == 0 ? most : std::min(set.max, most);
  }
}

std::vector<kernels::KernelInfo> builtin(Names names) {
  std::vector<kernels::KernelInfo> chosen;
  for (kernels::KernelInfo& info : kernels::builtin_infos()) {
    if (std::find(names.begin(), names.end(), info.name) != names.end()) chosen.push_back(info);
  }
  return chosen;
}

/// As many as stay open side by side in a campaign: in a run this short, opening them again would
/// be what is measured.
std::vector<kernels::KernelInfo> small_kernels(Names names) {
  std::vector<kernels::KernelInfo> chosen = builtin(names);
  for (kernels::KernelInfo& info : chosen) {
    cap(info.capabilities.head_dim_qk, 32);
    cap(info.capabilities.head_dim_v, 32);
    cap(info.capabilities.kv_len, 64);
  }
  return chosen;
}

Rate run_small(const Way& way, milliseconds time, std::uint64_t seed, Names names,
               bool every_property) {
  campaign::Options options;
  options.kernels = small_kernels(names);
  for (const properties::Property& property : properties::all_properties()) {
    if (!every_property && property.id != "oracle.output") continue;
    // Of kernels that could do more than they are held to here, refusals are not to be asked for.
    if (!property.id.starts_with("refusal.")) options.properties.push_back(&property);
  }
  options.seed = seed;
  options.time = time;
  options.jobs = way.lanes;
  options.session.in_process = way.in_process;
  options.max_shrinks = 0;
  options.failures =
      std::filesystem::temp_directory_path() / ("attest_bench_" + std::to_string(getpid()));
  const campaign::Report report = campaign::run(options);
  Rate rate;
  for (const campaign::PairResult& pair : report.pairs) rate.checks += pair.judged;
  rate.seconds = std::chrono::duration<double>(report.search).count();
  rate.lane_seconds = rate.seconds * report.jobs;
  rate.kernel_seconds = static_cast<double>(report.kernel_ns) / 1e9;
  rate.failures = static_cast<std::int64_t>(report.failures.size());
  return rate;
}

Rate run_small_output(const Way& way, milliseconds time, std::uint64_t seed) {
  return run_small(way, time, seed, kSmallKernels, false);
}
Rate run_small_all(const Way& way, milliseconds time, std::uint64_t seed) {
  return run_small(way, time, seed, kSmallKernels, true);
}
Rate run_cuda(const Way& way, milliseconds time, std::uint64_t seed) {
  return run_small(way, time, seed, kCudaKernels, false);
}

// ---- shapes of others -------------------------------------------------------------------------

using MakeCase = problem::Case (*)(std::uint64_t k, problem::DType type);

/// oracle.output over cases as `make_case` makes them, kernels in turn.
Rate run_cases(const std::vector<kernels::KernelInfo>& infos, MakeCase make_case, const Way& way,
               milliseconds time, std::uint64_t seed) {
  const properties::Property& property = *properties::find_property("oracle.output");
  Rate rate;
  campaign::CrewOptions crew;
  crew.lanes = way.lanes;
  crew.inline_lane = way.in_process;
  crew.on_message = [&](std::string_view message) {
    campaign::WireReader reader(message);
    rate.checks += reader.integer();
    rate.failures += reader.integer();
    rate.lane_seconds += reader.real();
    rate.kernel_seconds += reader.real();
  };
  const Clock::time_point start = Clock::now();
  campaign::run_crew(crew, [&](const campaign::Channel& channel) {
    kernels::SessionOptions options;
    options.in_process = way.in_process;
    campaign::KernelPool pool(infos, options);
    std::int64_t checks = 0, failures = 0;
    double kernel_seconds = 0;
    for (auto k = static_cast<std::uint64_t>(channel.lane()); Clock::now() - start < time;
         k += static_cast<std::uint64_t>(way.lanes)) {
      const std::size_t kernel = k % infos.size();
      properties::Harness& harness = pool.harness(kernel);
      harness.second_looks(true);
      const std::int64_t before = harness.statistics().kernel_ns;
      const problem::Case value = make_case(seed * 1'000'000 + k, infos[kernel].first_q_dtype());
      failures += properties::run_check(property, value, harness).failed() ? 1 : 0;
      kernel_seconds += static_cast<double>(harness.statistics().kernel_ns - before) / 1e9;
      ++checks;
    }
    const double lane_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    channel.send(campaign::WireWriter()
                     .integer(checks)
                     .integer(failures)
                     .real(lane_seconds)
                     .real(kernel_seconds)
                     .take());
  });
  rate.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return rate;
}

Rate run_llama(const Way& way, milliseconds time, std::uint64_t seed) {
  static const std::vector<kernels::KernelInfo> infos = kernels::plugin_infos(ATTEST_FAST_DENSE);
  return run_cases(infos, &bench::llama_case, way, time, seed);
}
Rate run_simt_paged(const Way& way, milliseconds time, std::uint64_t seed) {
  return run_cases(builtin(kSimtPaged), &bench::paged_case, way, time, seed);
}
Rate run_simt_flash(const Way& way, milliseconds time, std::uint64_t seed) {
  return run_cases(builtin(kSimtFlash), &bench::prefill_case, way, time, seed);
}

// -----------------------------------------------------------------------------------------------

/// Of this process and of all it has waited for.
double cpu_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    for (const timeval& time : {used.ru_utime, used.ru_stime})
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  }
  return seconds;
}

using Run = Rate (*)(const Way& way, milliseconds time, std::uint64_t seed);

/// One kind of cases and kernels, and the ways of running it; rates are compared with the first.
struct Mix {
  std::string_view name;
  const char* title;
  Run run;
  std::vector<Way> ways;
  int rounds = 4;
  bool only_when_named = false;
};

int compare(const Mix& mix, milliseconds time) {
  const std::vector<Way>& ways = mix.ways;
  std::vector<Rate> rates(ways.size());
  for (int round = 0; round < mix.rounds; ++round) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      const double before = cpu_seconds();
      rates[way] += mix.run(ways[way], time / mix.rounds, static_cast<std::uint64_t>(round + 1));
      rates[way].cpu_seconds += cpu_seconds() - before;
    }
  }
  std::printf("%s\n", mix.title);
  std::int64_t failures = 0;
  for (std::size_t way = 0; way < ways.size(); ++way) {
    const Rate& rate = rates[way];
    std::printf(
        "  %-27s %9.0f checks/s  %9.0f without kernel time  %9.0f a second of a core"
        "  %5.2f of the first\n",
        ways[way].name, rate.per_second(), rate.without_kernels(),
        static_cast<double>(rate.checks) / rate.cpu_seconds,
        rate.per_second() / rates[0].per_second());
    failures += rate.failures;
  }
  if (failures > 0) std::printf("  %ld failures: the rates mean nothing\n", failures);
  return failures > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int cores = campaign::lanes_of({});
  const std::vector<Way> isolation = {{"in this process, 1 lane", true, 1},
                                      {"isolated, 1 lane", false, 1},
                                      {"isolated, a lane per core", false, cores}};
  const std::vector<Way> lanes = {
      {"1 lane", false, 1}, {"2 lanes", false, 2}, {"4 lanes", false, 4}, {"8 lanes", false, 8}};
  const std::vector<Way> one_core = {{"in this process, 1 lane", true, 1}};
  const std::array<Mix, 6> mixes = {
      {{"small", "small (kv_len <= 64, head dims <= 32), oracle.output", run_small_output,
        isolation},
       {"every", "small, every property", run_small_all, isolation},
       {"llama", "llama.cpp (kv 113 to 1024, head dims 40 to 256)", run_llama, isolation},
       {"simt", "simt/paged_attention_v1 (1 to 3 sequences of up to 200 keys, 1 to 4 heads)",
        run_simt_paged, one_core},
       {"simt", "simt/flash_prefill_f32 (1 to 2 sequences of up to 200 keys, 1 to 4 heads)",
        run_simt_flash, one_core},
       // One round: a process needs long to begin with a GPU.
       {"cuda", "small, oracle.output, CUDA kernels", run_cuda, lanes, 1, true}}};
  const milliseconds time(1000 * (argc > 1 ? std::stoll(argv[1]) : 8));
  int code = 0;
  for (const Mix& mix : mixes) {
    if (argc > 2 ? mix.name == argv[2] : !mix.only_when_named) code |= compare(mix, time);
  }
  return code;
}
