// The worker of the device on a runtime that is played by the host: how a call gets there and back,
// and what is made of errors. A kernel is a function of this test.
#include "kernels/gpu/device.h"

#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "kernels/launch.h"
#include "problem/errors.h"
#include "tests/kernels/gpu/fake_runtime.h"

namespace attest::kernels::gpu {
namespace {

using tests::fake_runtime;

float& number(const attest_tensor& tensor, std::int64_t at = 0) {
  return static_cast<float*>(tensor.data)[at];
}

class DeviceWorker : public ::testing::Test {
 protected:
  DeviceWorker() : launch_(arena_) {
    fake_runtime() = {};
    conventions_.struct_size = sizeof(conventions_);
    const std::int64_t shape[] = {1, 1, 3};
    call_.struct_size = sizeof(call_);
    call_.q = launch_.tensor("q", Role::kInput, ATTEST_F32, shape);
    call_.o = launch_.tensor("o", Role::kOutput, ATTEST_F32, shape);
    number(call_.q) = 41;
    number(call_.o) = 7;
    launch_.seal();
    device_.emplace(arena_);
  }
  ~DeviceWorker() override {
    device_.reset();
    EXPECT_TRUE(fake_runtime().allocations.empty()) << "memory of the device is left";
    EXPECT_EQ(fake_runtime().pinned, 0);
    EXPECT_EQ(fake_runtime().streams, 0);
    EXPECT_EQ(fake_runtime().mappings, 0);
    EXPECT_EQ(fake_runtime().graphs, 0);
  }

  Device::Result run(const std::function<void(const attest_attend&)>& kernel,
                     DeviceMode mode = DeviceMode::kPlain) {
    return device_->call(Operation::kAttend, &call_, conventions_, mode, [&](const void* argument) {
      kernel(*static_cast<const attest_attend*>(argument));
      return ATTEST_OK;
    });
  }

  Arena arena_;
  Launch launch_;
  attest_conventions conventions_{};
  attest_attend call_{};
  std::optional<Device> device_;
};

void add_one(const attest_attend& call) {
  fake_runtime().launch([call] { number(call.o) = number(call.q) + 1; });
}

TEST_F(DeviceWorker, AKernelGetsMemoryOfTheDeviceAndItsStream) {
  const Device::Result result = run([&](const attest_attend& call) {
    EXPECT_NE(call.q.data, call_.q.data);
    EXPECT_EQ(call.q.device, ATTEST_CUDA);
    EXPECT_NE(call.stream, nullptr);
    add_one(call);
  });
  EXPECT_EQ(result.status, ATTEST_OK);
  EXPECT_EQ(result.finding, "");
  EXPECT_EQ(number(call_.o), 42);
  EXPECT_FALSE(launch_.find_damage());
}

TEST_F(DeviceWorker, WhatWasDoneToAnInputComesBack) {
  run([](const attest_attend& call) { number(call.q) = 0; });
  ASSERT_TRUE(launch_.find_damage());
  EXPECT_EQ(launch_.find_damage()->buffer, "q");
}

TEST_F(DeviceWorker, WritesBesideABufferAreFoundAndStayThere) {
  const Device::Result past = run([](const attest_attend& call) { number(call.o, 3) = 1; });
  EXPECT_EQ(past.finding, "canary: wrote outside buffer 'o' on the device");
  EXPECT_FALSE(past.wrecked);
  EXPECT_EQ(run([](const attest_attend& call) { number(call.o, -1) = 1; }).finding, past.finding);
  EXPECT_EQ(run(add_one).finding, "");
  EXPECT_FALSE(launch_.find_damage());
}

TEST_F(DeviceWorker, AnErrorOfTheRunLosesTheContext) {
  const Device::Result result =
      run([](const attest_attend&) { fake_runtime().lost = cudaErrorIllegalAddress; });
  EXPECT_EQ(result.finding, "device_error: running: cudaErrorIllegalAddress: in words");
  EXPECT_TRUE(result.wrecked);
  EXPECT_EQ(number(call_.o), 7) << "nothing came back";
}

TEST_F(DeviceWorker, AContextThatIsLostIsSoWhateverTheCallSays) {
  EXPECT_EQ(device_->lost(), std::nullopt);
  fake_runtime().lost = cudaErrorIllegalAddress;
  EXPECT_EQ(device_->lost(), "after the call: cudaErrorIllegalAddress: in words");
}

TEST(DeviceName, IsOneThatAProcessFindsItByWhateverElseThereIs) {
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(device_name(), "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
  setenv("CUDA_VISIBLE_DEVICES", "1,0", 1);
  EXPECT_EQ(device_name(), "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
  setenv("CUDA_VISIBLE_DEVICES", "MIG-12,GPU-3", 1);
  EXPECT_EQ(device_name(), "MIG-12");
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST_F(DeviceWorker, ALaunchErrorThatTheKernelLeftIsItsOwn) {
  const Device::Result result =
      run([](const attest_attend&) { fake_runtime().last = cudaErrorInvalidConfiguration; });
  EXPECT_EQ(result.finding, "device_error: launching: cudaErrorInvalidConfiguration: in words");
}

TEST_F(DeviceWorker, AnErrorFromBeforeTheCallIsNotBlamedOnIt) {
  fake_runtime().last = cudaErrorInvalidConfiguration;
  EXPECT_EQ(run(add_one).finding, "");
}

TEST_F(DeviceWorker, ADeviceWithoutMemoryIsSaidAndForgotten) {
  fake_runtime().room = 10;
  try {
    run(add_one);
    ADD_FAILURE() << "no complaint";
  } catch (const ContractError& error) {
    EXPECT_STREQ(error.what(), "cudaMalloc: cudaErrorMemoryAllocation: in words");
  }
  fake_runtime().room = 1 << 30;
  EXPECT_EQ(run(add_one).finding, "");
  EXPECT_EQ(number(call_.o), 42);
}

TEST_F(DeviceWorker, ACapturedCallRunsInAGraphOverTheSameInputs) {
  int calls = 0;
  const auto count_up = [&](const attest_attend& call) {
    ++calls;
    fake_runtime().launch([call] { number(call.o) = number(call.q) += 1; });
  };
  EXPECT_EQ(run(count_up, DeviceMode::kGraph).finding, "");
  EXPECT_EQ(calls, 2) << "a first launch, and the capture";
  EXPECT_EQ(fake_runtime().graph.size(), 1u);
  EXPECT_EQ(number(call_.o), 42) << "each found the inputs as they were";
}

TEST_F(DeviceWorker, AWaitInACaptureIsAFinding) {
  const Device::Result result = run(
      [](const attest_attend& call) {
        add_one(call);
        cudaStreamSynchronize(static_cast<cudaStream_t>(call.stream));
      },
      DeviceMode::kGraph);
  EXPECT_EQ(result.finding,
            "device_error: in a graph: cudaErrorStreamCaptureInvalidated: in words");
}

TEST_F(DeviceWorker, WhatIsLaunchedOnTheStreamThatIsHeldUpFindsItsInputs) {
  EXPECT_EQ(run(add_one, DeviceMode::kHeldStream).finding, "");
  EXPECT_EQ(number(call_.o), 42);
  EXPECT_EQ(run(add_one).finding, "") << "the stream goes on";
}

TEST_F(DeviceWorker, WhatIsLaunchedOnAnotherStreamFindsNothing) {
  EXPECT_EQ(run(add_one).finding, "") << "the inputs are there from an earlier call";
  number(call_.o) = 7;
  const auto at_once = [](const attest_attend& call) { number(call.o) = number(call.q) + 1; };
  EXPECT_EQ(run(at_once, DeviceMode::kHeldStream).finding, "");
  EXPECT_EQ(number(call_.o), 7) << "it was too early, and its result was overwritten";
}

TEST_F(DeviceWorker, WhoWaitsForTheHeldStreamComesBack) {
  const Device::Result result = run(
      [](const attest_attend& call) {
        add_one(call);
        cudaStreamSynchronize(static_cast<cudaStream_t>(call.stream));
      },
      DeviceMode::kHeldStream);
  EXPECT_EQ(result.finding, "");
  EXPECT_EQ(number(call_.o), 42);
}

TEST_F(DeviceWorker, AnExceptionInACaptureEndsIt) {
  int calls = 0;
  const auto throws = [&calls](const attest_attend&) {
    if (++calls == 2) throw std::runtime_error("no");
  };
  EXPECT_THROW(run(throws, DeviceMode::kGraph), std::runtime_error);
  EXPECT_FALSE(fake_runtime().capturing);
  EXPECT_EQ(run(add_one, DeviceMode::kGraph).finding, "");
}

TEST_F(DeviceWorker, APlanLooksAtTheHostAndCopiesNothing) {
  const Device::Result result =
      device_->call(Operation::kPlan, &call_, conventions_, DeviceMode::kPlain,
                    [](const void*) { return ATTEST_REFUSED; });
  EXPECT_EQ(result.status, ATTEST_REFUSED);
  EXPECT_EQ(result.finding, "");
}

TEST_F(DeviceWorker, ForTheSanitizerEachBufferHasAnAllocationOfItsVerySize) {
  setenv("ATTEST_GPU_APART", "1", 1);
  device_.emplace(arena_);
  unsetenv("ATTEST_GPU_APART");
  const Device::Result result = run([](const attest_attend& call) {
    add_one(call);
    int found = 0;
    for (const auto& [data, bytes] : fake_runtime().allocations) {
      const auto* end = static_cast<const std::byte*>(data) + bytes;
      found += end == static_cast<const std::byte*>(call.q.data) + 12 ? 1 : 0;
      found += end == static_cast<const std::byte*>(call.o.data) + 12 ? 1 : 0;
    }
    EXPECT_EQ(found, 2);
  });
  EXPECT_EQ(result.finding, "");
  EXPECT_EQ(number(call_.o), 42);
  EXPECT_EQ(fake_runtime().allocations.size(), 1u) << "all but the slab was freed";
}

TEST_F(DeviceWorker, ATensorLargerThanMemoryIsThereWhereItHasContents) {
  if (!arena_.has_windows()) GTEST_SKIP() << "no address space";
  constexpr std::int64_t kBoundary = std::int64_t{1} << 31;
  attest_tensor view = call_.q;
  view.shape[2] = kBoundary + 16;
  call_.k = launch_.in_window("k", 0, view, kBoundary + 16, {{0, 64}, {kBoundary * 4 - 64, 128}});
  number(call_.k) = 1;
  number(call_.k, kBoundary) = 20;
  launch_.seal();
  const Device::Result read = run([](const attest_attend& call) {
    number(call.o) = number(call.k) + number(call.k, kBoundary);
  });
  EXPECT_EQ(read.finding, "");
  EXPECT_EQ(number(call_.o), 21);
  EXPECT_FALSE(launch_.find_damage());
  run([](const attest_attend& call) { number(call.k, kBoundary) = 0; });
  ASSERT_TRUE(launch_.find_damage()) << "what was written comes back";
  EXPECT_EQ(launch_.find_damage()->buffer, "k");
}

TEST_F(DeviceWorker, ADriverWithoutMappingsIsSaid) {
  if (!arena_.has_windows()) GTEST_SKIP() << "no address space";
  attest_tensor view = call_.q;
  view.shape[2] = 16;
  call_.k = launch_.in_window("k", 0, view, 16, {{0, 64}});
  fake_runtime().has_driver = false;
  EXPECT_THROW(run(add_one), ContractError);
}

}  // namespace
}  // namespace attest::kernels::gpu
