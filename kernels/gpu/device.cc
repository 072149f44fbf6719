#include "kernels/gpu/device.h"

#include <chrono>
#include <cstdlib>
#include <cuda_runtime_api.h>
#include <string_view>
#include <utility>

#include "kernels/child_process.h"
#include "kernels/environment.h"
#include "kernels/gpu/modes.h"
#include "kernels/gpu/relocate.h"
#include "kernels/gpu/service.h"
#include "kernels/gpu/staging.h"

namespace attest::kernels::gpu {
namespace {

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

constexpr std::string_view kName = "GPU-";

std::string name_of(const cudaUUID_t& uuid) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name(kName);
  for (std::size_t i = 0; i < sizeof(uuid.bytes); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name += '-';
    const auto byte = static_cast<unsigned char>(uuid.bytes[i]);
    name += kDigits[byte / 16];
    name += kDigits[byte % 16];
  }
  return name;
}

/// The name of the first device, or why there is none.
std::string look_for_device() {
  int count = 0;
  cudaDeviceProp properties{};
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count == 0) return "there is none";
  if (error == cudaSuccess) error = cudaGetDeviceProperties(&properties, 0);
  return error != cudaSuccess ? cudaGetErrorString(error) : name_of(properties.uuid);
}

/// What the first look, of whichever kind, saw.
const std::string& seen(bool in_process) {
  static const std::string what = [&] {
    if (in_process) return look_for_device();
    const std::string answer = ask(look_for_device);
    return answer.empty() ? "its driver does not answer" : answer;
  }();
  return what;
}

}  // namespace

struct Device::Context {
  explicit Context(const Arena& windows)
      : arena(windows),
        memory(environment_says("ATTEST_GPU_APART", "1")) {}  // for compute-sanitizer
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
  const std::string& what = seen(in_process);
  if (what.starts_with(kName)) return std::nullopt;
  return what;
}

std::string device_name() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string_view first = visible == nullptr ? "" : visible;
  if (first.starts_with("GPU-") || first.starts_with("MIG-")) {
    return std::string(first.substr(0, first.find(',')));
  }
  const std::string& what = seen(false);
  return what.starts_with(kName) ? what : "";
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
