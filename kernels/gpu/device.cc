#include "kernels/gpu/device.h"

#include <chrono>
#include <cstdlib>
#include <cuda_runtime_api.h>
#include <string_view>
#include <utility>

#include "kernels/child_process.h"
#include "kernels/gpu/modes.h"
#include "kernels/gpu/relocate.h"
#include "kernels/gpu/service.h"
#include "kernels/gpu/staging.h"

namespace attest::kernels::gpu {
namespace {

/// For compute-sanitizer: ATTEST_GPU_APART=1.
bool buffers_apart() {
  const char* value = std::getenv("ATTEST_GPU_APART");
  return value != nullptr && std::string_view(value) == "1";
}

/// What a process of its own says; "" when it does not in time, or had to be killed then.
std::string ask(const std::function<std::string()>& what) {
  constexpr Milliseconds kPatience(20'000), kGrace(5'000);
  ChildProcess child([&](int replies) {
    const std::string text = what();
    write_all(replies, text.data(), text.size());
  });
  char text[256] = {};
  std::size_t count = 0;
  const auto received = child.receive(text, sizeof(text) - 1, &count, kPatience);
  const bool ended = !child.finish(kGrace).empty();
  return received == ChildProcess::Received::kBytes && ended ? std::string(text, count) : "";
}

/// Why there is none, or "ok".
std::string look_for_device() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  return error != cudaSuccess ? cudaGetErrorString(error) : count == 0 ? "there is none" : "ok";
}

std::string look_in_child() {
  const std::string answer = ask(look_for_device);
  return answer.empty() ? "its driver does not answer" : answer;
}

}  // namespace

struct Device::Context {
  explicit Context(const Arena& windows) : arena(windows), memory(buffers_apart()) {}
  ~Context() {
    if (stream != nullptr) cudaStreamDestroy(stream);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Arena& arena;
  DeviceMemory memory;
  cudaStream_t stream = nullptr;
};

Device::Device(const Arena& arena) : context_(std::make_unique<Context>(arena)) {
  require("cudaFree(0)", cudaFree(nullptr));  // makes the context
  require("cudaStreamCreate", cudaStreamCreateWithFlags(&context_->stream, cudaStreamNonBlocking));
}

Device::~Device() = default;

Device::Result Device::call(Operation operation, const void* argument,
                            const attest_conventions& conventions, DeviceMode mode,
                            const std::function<attest_status(const void*)>& run) {
  const cudaStream_t stream = context_->stream;
  const SlabLayout layout(operation, argument, conventions, context_->arena);
  const Staging staging(context_->memory, layout, context_->arena);
  const RelocatedCall relocated(operation, argument, staging.places(), stream);
  Result result;
  if (operation == Operation::kPlan || operation == Operation::kSupports) {
    result.status = run(relocated.argument());  // look at the host's arrays only
    return result;
  }
  // After an error of the device nothing of its context works. A new process is no price, so that
  // milder errors are not told apart.
  const auto lost = [&result](const char* what, cudaError_t error) {
    if (error == cudaSuccess) return false;
    result.finding = "device_error: " + complaint(what, error);
    result.wrecked = true;
    return true;
  };

  cudaGetLastError();  // what plan() or an earlier call left is not this one's
  HeldStream held(stream);
  if (mode == DeviceMode::kHeldStream &&
      (lost("clearing the device", staging.clear()) || lost("holding the stream", held.hold()))) {
    return result;
  }
  if (lost("copying to the device", staging.send(stream))) return result;
  result.status = run(relocated.argument());
  if (lost("launching", cudaGetLastError()) ||
      (mode == DeviceMode::kHeldStream && lost("running", held.release()))) {
    return result;
  }
  if (mode == DeviceMode::kGraph && result.status == ATTEST_OK) {
    // The second run: what is done at a first launch may be forbidden in a capture.
    Graph graph(stream);
    if (lost("running", cudaStreamSynchronize(stream)) ||
        lost("copying to the device", staging.send(stream)) || lost("capturing", graph.begin())) {
      return result;
    }
    result.status = run(relocated.argument());
    if (lost("in a graph", graph.replay())) return result;
  }
  // The call and both ways are waited for once: processes take turns on the device, and whoever
  // waits gives it away.
  if (lost("running", staging.fetch(stream))) return result;
  if (const auto buffer = staging.take()) {
    result.finding = "canary: wrote outside buffer '" + *buffer + "' on the device";
  }
  return result;
}

std::optional<std::string> Device::lost() const {
  const cudaError_t error = cudaStreamSynchronize(context_->stream);
  if (error == cudaSuccess) return std::nullopt;
  return complaint("after the call", error);
}

std::optional<std::string> why_no_device(bool in_process) {
  static const std::string why = in_process ? look_for_device() : look_in_child();
  if (why == "ok") return std::nullopt;
  return why;
}

std::string device_name() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string_view first = visible == nullptr ? "" : visible;
  if (first.starts_with("GPU-") || first.starts_with("MIG-")) {
    return std::string(first.substr(0, first.find(',')));
  }
  return ask([] {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return std::string();
    std::string name = "GPU";
    for (int i = 0; i < 16; ++i) {
      if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) name += '-';
      const auto byte = static_cast<unsigned char>(properties.uuid.bytes[i]);
      for (const int digit : {byte / 16, byte % 16}) name += "0123456789abcdef"[digit];
    }
    return name;
  });
}

bool serves(const Service& service) {
  constexpr int kVolta = 7;
  const auto look = [&] {
    int major = 0, mode = 0;
    service.enter();
    const bool good =
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) == cudaSuccess &&
        cudaDeviceGetAttribute(&mode, cudaDevAttrComputeMode, 0) == cudaSuccess &&
        major >= kVolta && mode == cudaComputeModeDefault &&
        cudaFree(nullptr) == cudaSuccess;  // which makes a context
    return std::string(good ? "ok" : "no");
  };
  return ask(look) == "ok";
}

}  // namespace attest::kernels::gpu
