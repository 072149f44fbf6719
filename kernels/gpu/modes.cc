#include "kernels/gpu/modes.h"

#include <chrono>
#include <cuda_runtime_api.h>
#include <thread>

namespace attest::kernels::gpu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kMoment = std::chrono::milliseconds(50);
constexpr auto kLook = std::chrono::microseconds(20);

}  // namespace

Graph::~Graph() {
  if (capturing_) cudaStreamEndCapture(stream_, &graph_);  // the kernel threw
  if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
  if (graph_ != nullptr) cudaGraphDestroy(graph_);
}

cudaError_t Graph::begin() {
  const cudaError_t error = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
  capturing_ = error == cudaSuccess;
  return error;
}

cudaError_t Graph::replay() {
  capturing_ = false;
  if (const cudaError_t error = cudaStreamEndCapture(stream_, &graph_)) return error;
  if (const cudaError_t error = cudaGraphInstantiate(&executable_, graph_, 0)) return error;
  if (const cudaError_t error = cudaGraphLaunch(executable_, stream_)) return error;
  return cudaStreamSynchronize(stream_);
}

HeldStream::~HeldStream() {
  if (!held_) return;
  open_ = true;
  cudaStreamSynchronize(stream_);  // wait() reads this object
}

cudaError_t HeldStream::hold() {
  const cudaError_t error = cudaLaunchHostFunc(stream_, &HeldStream::wait, this);
  held_ = error == cudaSuccess;
  return error;
}

cudaError_t HeldStream::release() {
  cudaError_t error = cudaStreamSynchronize(cudaStreamLegacy);
  if (error == cudaSuccess) error = cudaStreamSynchronize(cudaStreamPerThread);
  open_ = true;
  const cudaError_t end = cudaStreamSynchronize(stream_);
  held_ = false;
  return error != cudaSuccess ? error : end;
}

void HeldStream::wait(void* self) {
  const auto& held = *static_cast<const HeldStream*>(self);
  const Clock::time_point end = Clock::now() + kMoment;
  while (!held.open_ && Clock::now() < end) std::this_thread::sleep_for(kLook);
}

}  // namespace attest::kernels::gpu
