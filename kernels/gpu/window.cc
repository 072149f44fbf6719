#include "kernels/gpu/window.h"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <string>

#include "kernels/gpu/staging.h"
#include "kernels/sparse_window.h"
#include "problem/errors.h"

namespace attest::kernels::gpu {
namespace {

// What nobody wrote is NaN in every type.
constexpr int kUnwritten = 0xff;

/// A function of the driver, which is loaded at run time: nothing links libcuda.
template <typename Function>
Function* driver_function(const char* name) {
  constexpr unsigned kVersion = 12000;  // of the signature
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion(name, &function, kVersion, cudaEnableDefault, &found);
  if (error != cudaSuccess || found != cudaDriverEntryPointSuccess || function == nullptr) {
    throw ContractError(std::string("the driver has no ") + name);
  }
  return reinterpret_cast<Function*>(function);
}

void require_window(const char* what, CUresult result) {
  if (result == CUDA_SUCCESS) return;
  throw ContractError("device window: " + std::string(what) + ": CUDA driver error " +
                      std::to_string(static_cast<int>(result)));
}

CUmemAllocationProp on_this_device() {
  int device = 0;
  require("cudaGetDevice", cudaGetDevice(&device));
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device;
  return properties;
}

CUdeviceptr address(const std::byte* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

std::size_t round_up(std::size_t bytes, std::size_t granule) {
  return (bytes + granule - 1) / granule * granule;
}

/// Calls visit(begin) for the islands that [offset, offset + bytes) meets.
template <typename Visit>
cudaError_t for_islands(std::size_t offset, std::size_t bytes, const Visit& visit) {
  for (const std::size_t island : SparseWindow::islands()) {
    if (island >= offset + bytes || island + SparseWindow::kIsland <= offset) continue;
    if (const cudaError_t error = visit(island); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

}  // namespace

/// Looked up before anything else, so that a window can be released when nothing can be looked up
/// any more.
struct DeviceWindow::Driver {
#define ATTEST_DRIVER(name) decltype(::name)* name = driver_function<decltype(::name)>(#name)
  ATTEST_DRIVER(cuMemAddressFree);
  ATTEST_DRIVER(cuMemAddressReserve);
  ATTEST_DRIVER(cuMemCreate);
  ATTEST_DRIVER(cuMemGetAllocationGranularity);
  ATTEST_DRIVER(cuMemMap);
  ATTEST_DRIVER(cuMemRelease);
  ATTEST_DRIVER(cuMemSetAccess);
  ATTEST_DRIVER(cuMemUnmap);
#undef ATTEST_DRIVER
};

DeviceWindow::DeviceWindow() : driver_(std::make_unique<Driver>()) {
  const CUmemAllocationProp properties = on_this_device();
  std::size_t granule = 0;
  require_window("cuMemGetAllocationGranularity",
                 driver_->cuMemGetAllocationGranularity(&granule, &properties,
                                                        CU_MEM_ALLOC_GRANULARITY_MINIMUM));
  reserved_ = round_up(SparseWindow::kBytes, granule);
  CUdeviceptr base = 0;
  require_window("cuMemAddressReserve",
                 driver_->cuMemAddressReserve(&base, reserved_, granule, 0, 0));
  base_ = reinterpret_cast<std::byte*>(base);
  try {
    for (const std::size_t island : SparseWindow::islands()) map(island, granule);
  } catch (...) {
    release();
    throw;
  }
}

DeviceWindow::~DeviceWindow() { release(); }

void DeviceWindow::map(std::size_t island, std::size_t granule) {
  Stretch stretch{};
  stretch.begin = island / granule * granule;
  stretch.bytes = round_up(island + SparseWindow::kIsland, granule) - stretch.begin;
  const CUmemAllocationProp properties = on_this_device();
  CUmemGenericAllocationHandle memory = 0;
  require_window("cuMemCreate", driver_->cuMemCreate(&memory, stretch.bytes, &properties, 0));
  stretch.memory = memory;
  const CUdeviceptr place = address(base_ + stretch.begin);
  const CUresult mapped = driver_->cuMemMap(place, stretch.bytes, 0, memory, 0);
  if (mapped != CUDA_SUCCESS) driver_->cuMemRelease(memory);
  require_window("cuMemMap", mapped);
  stretches_.push_back(stretch);
  CUmemAccessDesc access{};
  access.location = properties.location;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  require_window("cuMemSetAccess", driver_->cuMemSetAccess(place, stretch.bytes, &access, 1));
  require("cudaMemset", cudaMemset(base_ + stretch.begin, kUnwritten, stretch.bytes));
}

void DeviceWindow::release() {
  for (const Stretch& stretch : stretches_) {
    driver_->cuMemUnmap(address(base_ + stretch.begin), stretch.bytes);
    driver_->cuMemRelease(stretch.memory);
  }
  stretches_.clear();
  if (base_ != nullptr) driver_->cuMemAddressFree(address(base_), reserved_);
  base_ = nullptr;
}

cudaError_t DeviceWindow::send(const std::byte* host, std::size_t offset, std::size_t bytes,
                               cudaStream_t stream) const {
  return for_islands(offset, bytes, [&](std::size_t island) {
    return cudaMemcpyAsync(base_ + island, host + island, SparseWindow::kIsland,
                           cudaMemcpyHostToDevice, stream);
  });
}

cudaError_t DeviceWindow::fetch(std::byte* host, std::size_t offset, std::size_t bytes,
                                cudaStream_t stream) const {
  return for_islands(offset, bytes, [&](std::size_t island) {
    return cudaMemcpyAsync(host + island, base_ + island, SparseWindow::kIsland,
                           cudaMemcpyDeviceToHost, stream);
  });
}

}  // namespace attest::kernels::gpu
