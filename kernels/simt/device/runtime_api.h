// The part of CUDA's runtime API that host code beside a kernel needs. Everything is synchronous;
// streams are accepted and ignored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/simt/device.h"

enum cudaError_t {
  cudaSuccess = attest::simt::kSuccess,
  cudaErrorInvalidValue = attest::simt::kErrorInvalidValue,
  cudaErrorMemoryAllocation = attest::simt::kErrorMemoryAllocation,
  cudaErrorInvalidConfiguration = attest::simt::kErrorInvalidConfiguration,
  cudaErrorInvalidDevice = 101,
  cudaErrorLaunchFailure = attest::simt::kErrorLaunchFailure,
  cudaErrorNotSupported = attest::simt::kErrorNotSupported,
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault,
};
enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
};
enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
};

using cudaStream_t = struct attest_simt_stream*;
inline constexpr unsigned cudaStreamNonBlocking = 1;

struct cudaLaunchAttribute {
  int id;
};
struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};

namespace attest::simt {

inline cudaError_t as_error(int code) { return static_cast<cudaError_t>(code); }

/// What `kernel<<<grid, block, shared, stream>>>(arguments...)` becomes. The arguments are copied
/// into a parameter space, as for a launch on a device.
template <class Kernel, class... Arguments>
ATTEST_SIMT_RUNTIME inline cudaError_t launch_kernel(dim3 grid, dim3 block, std::size_t shared,
                                                     cudaStream_t, Kernel kernel,
                                                     Arguments... arguments) {
  struct Parameters {
    Kernel kernel;
    std::tuple<Arguments...> arguments;
  } parameters{kernel, {arguments...}};
  const auto entry = [](void* p) ATTEST_SIMT_RUNTIME {
    auto* call = static_cast<Parameters*>(p);
    std::apply(call->kernel, call->arguments);
  };
  return as_error(launch({grid, block, shared}, entry, &parameters, sizeof parameters, kChecked));
}
/// The execution configuration as it was written: <<<grid, block[, shared[, stream]]>>>.
struct Configuration {
  dim3 grid;
  dim3 block;
  std::size_t shared = 0;
  cudaStream_t stream = nullptr;
};
inline Configuration configure(dim3 grid, dim3 block, std::size_t shared = 0,
                               cudaStream_t stream = nullptr) {
  return {grid, block, shared, stream};
}
template <class Kernel, class... Arguments>
inline cudaError_t launch_kernel(const Configuration& how, Kernel kernel, Arguments... arguments) {
  return launch_kernel(how.grid, how.block, how.shared, how.stream, kernel, arguments...);
}

}  // namespace attest::simt

inline cudaError_t cudaGetLastError() {
  int& last = attest::simt::last_error();
  const int was = last;
  if (was != attest::simt::kErrorLaunchFailure) last = attest::simt::kSuccess;  // that one stays
  return attest::simt::as_error(was);
}
inline cudaError_t cudaPeekAtLastError() {
  return attest::simt::as_error(attest::simt::last_error());
}
inline cudaError_t cudaDeviceSynchronize() { return cudaPeekAtLastError(); }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaPeekAtLastError(); }
inline cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = nullptr;
  return cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return cudaStreamCreate(stream);
}
inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }

inline const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
  }
  return "unknown error";
}
inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorLaunchFailure:
      return "the kernel did something wrong on the CPU: see the findings";
    case cudaErrorNotSupported:
      return "not supported when kernels run on the CPU";
  }
  return "unknown error";
}

template <class T>
inline cudaError_t cudaMalloc(T** p, std::size_t bytes) {
  *p = static_cast<T*>(attest::simt::device_malloc(bytes));
  if (*p != nullptr) return cudaSuccess;
  return attest::simt::as_error(attest::simt::last_error() = cudaErrorMemoryAllocation);
}
inline cudaError_t cudaFree(void* p) {
  return attest::simt::as_error(attest::simt::device_free(p));
}
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  if (bytes > 0) std::memcpy(to, from, bytes);
  attest::simt::device_written(to, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes,
                                   cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpy(to, from, bytes, kind);
}
inline cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  if (bytes > 0) std::memset(to, value, bytes);
  attest::simt::device_written(to, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t = nullptr) {
  return cudaMemset(to, value, bytes);
}
template <class T>
inline cudaError_t cudaMemcpyToSymbol(T& symbol, const void* from, std::size_t bytes,
                                      std::size_t offset = 0,
                                      cudaMemcpyKind = cudaMemcpyHostToDevice) {
  std::memcpy(reinterpret_cast<char*>(&symbol) + offset, from, bytes);
  return cudaSuccess;
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbol(void* to, const T& symbol, std::size_t bytes,
                                        std::size_t offset = 0,
                                        cudaMemcpyKind = cudaMemcpyDeviceToHost) {
  std::memcpy(to, reinterpret_cast<const char*>(&symbol) + offset, bytes);
  return cudaSuccess;
}

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
/// The answers of a device of compute capability 9.0, of which one multiprocessor exists.
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = 48 * 1024;
      return cudaSuccess;
    case cudaDevAttrWarpSize:
      *value = warpSize;
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = 1;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 227 * 1024;
      return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

template <class Kernel>
inline cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute attribute, int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || value > 227 * 1024) {
    return attest::simt::as_error(attest::simt::last_error() = cudaErrorInvalidValue);
  }
  attest::simt::allow_dynamic_shared(static_cast<std::size_t>(value));
  return cudaSuccess;
}

/// Clusters, cooperative grids and programmatic launches come as attributes.
template <class... Parameters, class... Arguments>
inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config,
                                      void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (config->numAttrs > 0) {
    return attest::simt::as_error(attest::simt::last_error() = cudaErrorNotSupported);
  }
  return attest::simt::launch_kernel(
      config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream, kernel,
      static_cast<std::remove_cv_t<Parameters>>(std::forward<Arguments>(arguments))...);
}
template <class Kernel>
inline cudaError_t cudaLaunchCooperativeKernel(Kernel*, dim3, dim3, void**, std::size_t = 0,
                                               cudaStream_t = nullptr) {
  return attest::simt::as_error(attest::simt::last_error() = cudaErrorNotSupported);
}
