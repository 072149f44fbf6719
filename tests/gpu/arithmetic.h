// Arithmetic of the device on arrays of the host: what kernels declare about it is tested against.
#pragma once

#include <cstdint>
#include <vector>

namespace attest::tests {

enum class DeviceFunction { kFastExp, kFastExp2, kExp2, kTanh, kLog, kHalf, kBfloat, kE4m3 };

/// f(x) for every x; kHalf and the like give the bits of x rounded to that type, as numbers.
/// Throws: std::runtime_error with CUDA's words.
std::vector<float> on_device(DeviceFunction function, const std::vector<float>& x);

}  // namespace attest::tests
