#pragma once

namespace attest::oracle {

inline constexpr double kUlp = 0x1p-23;  // of f32 at 1

}  // namespace attest::oracle
