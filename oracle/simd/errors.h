// How wrong the arithmetic and the elementary functions of oracle/simd/ may be: relative errors,
// proved beside the functions and measured by tests/oracle/simd_accuracy_test.cc.
#pragma once

namespace attest::oracle::simd {

/// exp, log and tanh of doubles (math.h).
inline constexpr double kExpError = 2.1 * 0x1p-53;
inline constexpr double kLogError = 3 * 0x1p-53;
inline constexpr double kTanhError = 6 * 0x1p-53;

/// Double-double operations (dd.h): add and sub, with a double; mul, with a double; div. Published
/// as 3 u^2 / (1 - 4 u), 2 u^2, 5 u^2, 2 u^2 and 15 u^2 + 56 u^3; our div adds u^2 / 2.
inline constexpr double kDDAddError = 3.01 * 0x1p-106;
inline constexpr double kDDAddDoubleError = 2 * 0x1p-106;
inline constexpr double kDDMulError = 5 * 0x1p-106;
inline constexpr double kDDMulDoubleError = 2 * 0x1p-106;
inline constexpr double kDDDivError = 16 * 0x1p-106;

/// exp, expm1, log and tanh of double-doubles (dd_math.h).
inline constexpr double kDDExpError = 0x1p-95;
inline constexpr double kDDExpm1Error = 0x1p-93;
inline constexpr double kDDLogError = 0x1p-92;
inline constexpr double kDDTanhError = 0x1p-91;

}  // namespace attest::oracle::simd
