// How fast the CUDA kernels are on this device, as Markdown tables: bytes and floating-point
// operations counted from the call against measured time, beside what the device does at most, and
// what each launch looks like. Kernels here are subjects of tests; the goals in the last table say
// whether they are realistic ones.
//
// Run: bench_gpu [--out FILE]; bench_gpu --device says what the device is. Without one: exit 4 and
// one line.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/gpu/cuda_error.h"
#include "bench/gpu/device_call.h"
#include "bench/gpu/device_work.h"
#include "bench/gpu/measure.h"
#include "kernels/cuda/kernels.h"
#include "problem/errors.h"

namespace {

using namespace attest;
using namespace attest::bench;

constexpr int kLengths[] = {64, 2048};
constexpr int kNoDevice = 4;
constexpr std::size_t kCopyBytes = std::size_t{1} << 30;

/// What the device does at most, measured.
struct Peaks {
  double copy = 0;    ///< bytes per second, read and written
  double matrix = 0;  ///< floating-point operations per second
};

/// A kernel on a call: a row of the first table, and its launches.
struct Row {
  std::string kernel, sizes;
  std::string error, launches_error;  ///< why there is no time, or nothing about launches
  Counts counts;
  double seconds = 0;
  std::vector<LaunchShape> launches;
};

std::string device_text(const cudaDeviceProp& device) {
  int driver = 0, runtime = 0;
  require("cudaDriverGetVersion", cudaDriverGetVersion(&driver));
  require("cudaRuntimeGetVersion", cudaRuntimeGetVersion(&runtime));
  return fmt::format(
      "{}, compute capability {}.{}, {} SMs, {:.0f} GiB; driver {}.{}, runtime {}.{}", device.name,
      device.major, device.minor, device.multiProcessorCount,
      static_cast<double>(device.totalGlobalMem) / (1 << 30), driver / 1000, driver % 1000 / 10,
      runtime / 1000, runtime % 1000 / 10);
}

Peaks measure_peaks(const cudaDeviceProp& device, cudaStream_t stream) {
  Peaks peaks;
  void *from = nullptr, *to = nullptr;
  require("cudaMalloc", cudaMalloc(&from, kCopyBytes));
  require("cudaMalloc", cudaMalloc(&to, kCopyBytes));
  require("cudaMemset", cudaMemset(from, 0, kCopyBytes));
  const Enqueue copy = [&](cudaStream_t s) {
    require("cudaMemcpyAsync", cudaMemcpyAsync(to, from, kCopyBytes, cudaMemcpyDeviceToDevice, s));
  };
  peaks.copy = 2.0 * static_cast<double>(kCopyBytes) / seconds_of(copy, stream);
  const int blocks = device.multiProcessorCount * 4;
  const Enqueue multiply = [&](cudaStream_t s) {
    multiply_matrices(static_cast<float*>(to), blocks, s);
  };
  peaks.matrix = matrix_flops(blocks) / seconds_of(multiply, stream);
  require("cudaFree", cudaFree(from));
  require("cudaFree", cudaFree(to));
  return peaks;
}

/// Of a kernel that cannot be measured the row says why.
Row measure(const attest_kernel& kernel, const Sizes& sizes, cudaStream_t stream) {
  Row row{.kernel = kernel.name, .sizes = sizes_text(kernel, sizes)};
  try {
    const DeviceCall call(kernel, sizes, stream);
    const Enqueue enqueue = [&call](cudaStream_t) { call.enqueue(); };
    row.counts = call.counts();
    row.seconds = seconds_of(enqueue, stream);
    try {
      row.launches = launches_of(enqueue, stream);
    } catch (const CudaError& error) {
      row.launches_error = error.what();
    }
  } catch (const std::exception& error) {
    row.error = error.what();
  }
  cudaGetLastError();  // what can be forgotten, is
  return row;
}

/// After a row with an error: nothing that comes could be measured.
bool context_is_lost() { return cudaDeviceSynchronize() != cudaSuccess; }

const attest_kernel& kernel_named(const char* name) {
  std::size_t count = 0;
  const attest_kernel* const* kernels = attest_cuda_kernels_cuda(&count);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::strcmp(kernels[i]->name, name) == 0) return *kernels[i];
  }
  throw ContractError(fmt::format("no kernel {}", name));
}

std::string peaks_table(const Peaks& peaks) {
  return fmt::format(
      "| what the device does | |\n|---|---|\n"
      "| copy of 1 GiB, read and written | {:.0f} GB/s |\n"
      "| mma.sync m16n8k16, f16 into f32, from registers | {:.1f} TFLOP/s |\n\n",
      peaks.copy * 1e-9, peaks.matrix * 1e-12);
}

std::string time_table(const std::vector<Row>& rows, const Peaks& peaks) {
  std::string text =
      "Bytes are counted once however often a kernel reads them; what fits into caches stays in "
      "them.\n\n"
      "| kernel | call | time | MB | GB/s | of copy | GFLOP | TFLOP/s | of mma |\n"
      "|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Row& row : rows) {
    if (!row.error.empty()) {
      text += fmt::format("| {} | {} | {} | | | | | | |\n", row.kernel, row.sizes, row.error);
      continue;
    }
    const double bandwidth = row.counts.bytes / row.seconds;
    const double rate = row.counts.flops / row.seconds;
    text += fmt::format(
        "| {} | {} | {:.1f} us | {:.2f} | {:.0f} | {:.0f} % | {:.3f} | {:.2f} | {:.1f} % |\n",
        row.kernel, row.sizes, row.seconds * 1e6, row.counts.bytes * 1e-6, bandwidth * 1e-9,
        100 * bandwidth / peaks.copy, row.counts.flops * 1e-9, rate * 1e-12,
        100 * rate / peaks.matrix);
  }
  return text + "\n";
}

std::string launch_table(const std::vector<Row>& rows) {
  std::string text =
      "| kernel | call | function | grid | block | shared, static + dynamic | registers | local "
      "| blocks per SM | waves | occupancy |\n"
      "|---|---|---|---|---|--:|--:|--:|--:|--:|--:|\n";
  for (const Row& row : rows) {
    if (!row.launches_error.empty()) {
      text += fmt::format("| {} | {} | {} | | | | | | | | |\n", row.kernel, row.sizes,
                          row.launches_error);
    }
    for (const LaunchShape& launch : row.launches) {
      text += fmt::format(
          "| {} | {} | {} | {} | {} | {} + {} | {} | {} | {} | {:.2f} | {:.0f} % |\n", row.kernel,
          row.sizes, launch.function, fmt::join(launch.grid, " x "), fmt::join(launch.block, " x "),
          launch.static_shared, launch.dynamic_shared, launch.registers, launch.local,
          launch.blocks_per_sm, launch.waves, 100 * launch.occupancy);
    }
  }
  return text + "\n";
}

std::string goal_line(const Row& row, double share, const char* of, double goal) {
  if (!row.error.empty())
    return fmt::format("| {} | {} | {} | |\n", row.kernel, row.sizes, row.error);
  return fmt::format("| {} | {} | {:.1f} % of {} | {:.0f} % |\n", row.kernel, row.sizes,
                     100 * share, of, 100 * goal);
}

/// Prefill where matrix products are the limit, decode where memory is.
std::string goals(const Peaks& peaks, cudaStream_t stream, std::vector<Row>& rows) {
  std::string text = "| kernel | call | reached | goal |\n|---|---|---|---|\n";
  const Sizes prefill{.q_len = 4096, .kv_len = 4096, .num_q_heads = 32, .num_kv_heads = 32};
  rows.push_back(measure(kernel_named("cuda/flash_prefill_f16"), prefill, stream));
  const Row& flash = rows.back();
  text += goal_line(flash, flash.counts.flops / flash.seconds / peaks.matrix, "mma", 0.2);
  for (const char* name : {"cuda/paged_attention_v1_f16", "cuda/paged_attention_v2_f16"}) {
    for (const int group : {1, 4}) {
      const Sizes decode{.batch = 64,
                         .kv_len = 4096,
                         .num_q_heads = 8 * group,
                         .layout = ATTEST_LAYOUT_PAGED_X_SPLIT};
      rows.push_back(measure(kernel_named(name), decode, stream));
      const Row& row = rows.back();
      text += goal_line(row, row.counts.bytes / row.seconds / peaks.copy, "copy", 0.6);
    }
  }
  return text;
}

int run(std::FILE* out) {
  cudaDeviceProp device{};
  require("cudaGetDeviceProperties", cudaGetDeviceProperties(&device, 0));
  cudaStream_t stream = nullptr;
  require("cudaStreamCreate", cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  const Peaks peaks = measure_peaks(device, stream);
  std::vector<Row> rows;
  const std::string reached = goals(peaks, stream, rows);
  std::size_t count = 0;
  const attest_kernel* const* kernels = attest_cuda_kernels_cuda(&count);
  for (std::size_t i = 0; i < count && !context_is_lost(); ++i) {
    for (const int n : kLengths) {
      rows.push_back(measure(*kernels[i], sizes_for(*kernels[i], n), stream));
    }
  }
  const std::string text = fmt::format("{}\n\n{}{}\n{}{}", device_text(device), peaks_table(peaks),
                                       reached, time_table(rows, peaks), launch_table(rows));
  if (std::fputs(text.c_str(), out) < 0 || std::fflush(out) != 0) {
    throw SystemError("cannot write the tables");
  }
  for (const Row& row : rows) {
    if (!row.error.empty()) return 1;
  }
  return 0;
}

/// One line, or nothing when there is a device.
std::string why_no_device() {
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count == 0) return "there is none";
  if (error == cudaSuccess) error = find_code();
  return error == cudaSuccess ? "" : cudaGetErrorString(error);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool ask = arguments == std::vector<std::string>{"--device"};
  const bool to_file = arguments.size() == 2 && arguments[0] == "--out";
  if (!ask && !to_file && !arguments.empty()) {
    std::fputs("usage: bench_gpu [--out FILE | --device]\n", stderr);
    return 64;
  }
  try {
    if (const std::string why = why_no_device(); !why.empty()) {
      std::fputs(("no CUDA device can be used: " + why + "\n").c_str(), stderr);
      return kNoDevice;
    }
    if (ask) {
      cudaDeviceProp device{};
      require("cudaGetDeviceProperties", cudaGetDeviceProperties(&device, 0));
      std::puts(device_text(device).c_str());
      return 0;
    }
    if (!to_file) return run(stdout);
    std::FILE* file = std::fopen(arguments[1].c_str(), "w");
    if (file == nullptr) throw SystemError("cannot write " + arguments[1]);
    const int code = run(file);
    std::fclose(file);
    return code;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("bench_gpu: {}\n", error.what()).c_str(), stderr);
    return 70;
  }
}
