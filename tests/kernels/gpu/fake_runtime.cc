#include "tests/kernels/gpu/fake_runtime.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cuda.h>
#include <string_view>
#include <utility>

#include <sys/mman.h>

namespace attest::tests {

FakeRuntime& fake_runtime() {
  static FakeRuntime state;
  return state;
}

void FakeRuntime::launch(std::function<void()> work) {
  if (capturing) {
    graph.push_back(std::move(work));
  } else if (held) {
    pending.push_back(std::move(work));
  } else {
    work();
  }
}

namespace {

constexpr std::size_t kGranule = std::size_t{2} << 20;

cudaError_t fails(cudaError_t error) { return fake_runtime().last = error; }

// ---- The driver ----

CUresult granularity(std::size_t* bytes, const CUmemAllocationProp*,
                     CUmemAllocationGranularity_flags) {
  *bytes = kGranule;
  return CUDA_SUCCESS;
}

CUresult reserve_addresses(CUdeviceptr* base, std::size_t bytes, std::size_t alignment, CUdeviceptr,
                           unsigned long long) {
  if (bytes % kGranule != 0) return CUDA_ERROR_INVALID_VALUE;
  void* place = mmap(nullptr, bytes + alignment, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  *base = (reinterpret_cast<CUdeviceptr>(place) + alignment - 1) / alignment * alignment;
  return CUDA_SUCCESS;
}

CUresult free_addresses(CUdeviceptr base, std::size_t bytes) {
  munmap(reinterpret_cast<void*>(base), bytes);
  return CUDA_SUCCESS;
}

CUresult create(CUmemGenericAllocationHandle* memory, std::size_t bytes, const CUmemAllocationProp*,
                unsigned long long) {
  if (bytes % kGranule != 0) return CUDA_ERROR_INVALID_VALUE;
  *memory = 1;
  ++fake_runtime().mappings;
  return CUDA_SUCCESS;
}

CUresult release(CUmemGenericAllocationHandle) {
  --fake_runtime().mappings;
  return CUDA_SUCCESS;
}

CUresult protect(CUdeviceptr place, std::size_t bytes, int how) {
  if (place % kGranule != 0 || bytes % kGranule != 0) return CUDA_ERROR_INVALID_VALUE;
  return mprotect(reinterpret_cast<void*>(place), bytes, how) == 0 ? CUDA_SUCCESS
                                                                   : CUDA_ERROR_INVALID_VALUE;
}

CUresult map(CUdeviceptr place, std::size_t bytes, std::size_t, CUmemGenericAllocationHandle,
             unsigned long long) {
  return protect(place, bytes, PROT_NONE);
}
CUresult unmap(CUdeviceptr place, std::size_t bytes) { return protect(place, bytes, PROT_NONE); }
CUresult set_access(CUdeviceptr place, std::size_t bytes, const CUmemAccessDesc*, std::size_t) {
  return protect(place, bytes, PROT_READ | PROT_WRITE);
}

template <typename Function>
void* erased(Function* function) {
  return reinterpret_cast<void*>(function);
}

void* driver_function(std::string_view name) {
  if (name == "cuMemAddressFree") return erased(free_addresses);
  if (name == "cuMemAddressReserve") return erased(reserve_addresses);
  if (name == "cuMemCreate") return erased(create);
  if (name == "cuMemGetAllocationGranularity") return erased(granularity);
  if (name == "cuMemMap") return erased(map);
  if (name == "cuMemRelease") return erased(release);
  if (name == "cuMemSetAccess") return erased(set_access);
  if (name == "cuMemUnmap") return erased(unmap);
  return nullptr;
}

}  // namespace
}  // namespace attest::tests

// ---- The runtime ----

using attest::tests::fails;
using attest::tests::fake_runtime;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : 0;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  for (int i = 0; i < 16; ++i) properties->uuid.bytes[i] = static_cast<char>(0xf0 + i);
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  if (bytes > fake_runtime().room) return fails(cudaErrorMemoryAllocation);
  // Aligned as CUDA does it.
  *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  fake_runtime().allocations[*data] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void* data) {
  if (data == nullptr) return cudaSuccess;
  if (fake_runtime().allocations.erase(data) == 0) return fails(cudaErrorInvalidValue);
  std::free(data);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  *data = std::malloc(bytes);
  ++fake_runtime().pinned;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* data) {
  --fake_runtime().pinned;
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  if (fake_runtime().lost != cudaSuccess) return fake_runtime().lost;
  fake_runtime().launch([=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemset(void* data, int byte, std::size_t bytes) {
  std::memset(data, byte, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = reinterpret_cast<cudaStream_t>(std::uintptr_t{16});
  ++fake_runtime().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) {
  --fake_runtime().streams;
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t, cudaHostFn_t function, void* data) {
  fake_runtime().pending.emplace_back([=] { function(data); });
  fake_runtime().held = true;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream == cudaStreamLegacy || stream == cudaStreamPerThread) return cudaSuccess;
  fake_runtime().held = false;
  for (const auto& work : std::exchange(fake_runtime().pending, {})) work();
  if (!fake_runtime().capturing) return fake_runtime().lost;
  fake_runtime().spoilt = true;
  return fails(cudaErrorStreamCaptureUnsupported);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (fake_runtime().capturing) return fails(cudaErrorIllegalState);
  fake_runtime().capturing = true;
  fake_runtime().spoilt = false;
  fake_runtime().graph.clear();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  fake_runtime().capturing = false;
  if (fake_runtime().spoilt) return fails(cudaErrorStreamCaptureInvalidated);
  *graph = reinterpret_cast<cudaGraph_t>(std::uintptr_t{2});
  ++fake_runtime().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t, unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(std::uintptr_t{3});
  ++fake_runtime().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) {
  for (const auto& work : fake_runtime().graph) work();
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) {
  --fake_runtime().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t) {
  --fake_runtime().graphs;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = fake_runtime().last;
  fake_runtime().last = cudaSuccess;
  return error;
}
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    default:
      return "cudaErrorOfAnotherKind";
  }
}
const char* cudaGetErrorString(cudaError_t) { return "in words"; }

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* found) {
  *function = fake_runtime().has_driver ? attest::tests::driver_function(name) : nullptr;
  *found = *function == nullptr ? cudaDriverEntryPointSymbolNotFound : cudaDriverEntryPointSuccess;
  return cudaSuccess;
}

}  // extern "C"
