// kernels/gpu/device.h where attest is built without CUDA.
#include <optional>

#include "kernels/gpu/device.h"
#include "problem/errors.h"

namespace attest::kernels::gpu {
namespace {

constexpr const char* kWhy = "this attest was built without CUDA";

}  // namespace

struct Device::Context {};

Device::Device(const Arena&) { throw ContractError(kWhy); }
Device::~Device() = default;

Device::Result Device::call(Operation, const void*, const attest_conventions&, DeviceMode,
                            const std::function<attest_status(const void*)>&) {
  throw ContractError(kWhy);
}

std::optional<std::string> Device::lost() const { return std::nullopt; }

std::optional<std::string> why_no_device(bool) { return kWhy; }

std::string device_name() { return {}; }

bool serves(const Service&) { return false; }

}  // namespace attest::kernels::gpu
