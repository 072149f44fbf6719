// The number type of the definition as judge: at least 50 decimal digits, Boost.Multiprecision over
// MPFR.
#pragma once

#include <boost/multiprecision/mpfr.hpp>

namespace attest::oracle {

using Mp = boost::multiprecision::number<
    boost::multiprecision::mpfr_float_backend<50, boost::multiprecision::allocate_stack>,
    boost::multiprecision::et_off>;

/// What two doubles leave out of a number, relative.
inline constexpr double kDoubleDoubleRoundoff = 0x1p-106;

}  // namespace attest::oracle
