// Constants of the elementary functions in math.h and dd_math.h. How each is made is said beside
// it, and tests/oracle/simd_tables_test.cc makes each again from 50 digits and compares bits.
//
// "Interpolates f on [a, b] at n nodes" means: the polynomial of degree n - 1 through f at the
// Chebyshev nodes (a + b) / 2 + (b - a) / 2 * cos((2 i + 1) pi / (2 n)), each coefficient rounded
// to nearest. Its error before that is at most max |f^(n) / n!| * ((b - a) / 2)^n * 2^(1 - n).
#pragma once

namespace attest::oracle::simd {

/// Adding and subtracting it rounds to the nearest integer, ties to even, which then stands in the
/// low bits of the sum.
inline constexpr double kMagic = 0x1.8p52;
/// 16 / ln 2 and 256 / ln 2, to nearest.
inline constexpr double kInverseLn2Over16 = 0x1.71547652b82fep+4;
inline constexpr double kInverseLn2Over256 = 0x1.71547652b82fep+8;
/// The leading 38 bits of ln 2 / 16, so that products with integers up to 2^14 are exact, and the
/// rest to nearest.
inline constexpr double kLn2Over16 = 0x1.62e42fefap-5;
inline constexpr double kLn2Over16Low = 0x1.cf79abc9e3b3ap-44;
/// ln 2 / 256: twice 34 bits, exact in products with integers up to 2^18, and the rest to nearest.
inline constexpr double kLn2Over256[3] = {0x1.62e42fef8p-9, 0x1.1cf79abc8p-44,
                                          0x1.e3b39803f2f6bp-80};
/// ln 2: 42 bits, exact in products with exponents, and the rest in two parts to nearest.
inline constexpr double kLn2[3] = {0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45,
                                   0x1.f97b57a079a19p-103};
/// The first double at or above -1022 ln 2: no result from here on is subnormal.
inline constexpr double kExpUnderflow = -0x1.6232bdd7abcd2p+9;

/// Interpolates (e^r - 1 - r) / r^2 on ln 2 / 32 * [-1, 1] at 5 nodes: r^2 times its error is below
/// 2^-54.9.
inline constexpr double kExpPolynomial[5] = {0x1p-1, 0x1.55555554dd44dp-3, 0x1.55555555194d2p-5,
                                             0x1.11120af701debp-7, 0x1.6c17bb51f236dp-10};
/// The same at 6 nodes.
inline constexpr double kExpm1Polynomial[6] = {0x1.0000000000001p-1,  0x1.5555555555556p-3,
                                               0x1.55555554e9468p-5,  0x1.11111110e10a8p-7,
                                               0x1.6c17ed4cc4834p-10, 0x1.a01b0c2edab7cp-13};
/// Interpolates (e^r - sum of r^i / i!, i = 0 ... 4) / r^5 on ln 2 / 512 * [-1, 1] at 4 nodes.
inline constexpr double kExpTailPolynomial[4] = {0x1.111111111111p-7, 0x1.6c16c16c16c16p-10,
                                                 0x1.a01a0251ce4a6p-13, 0x1.a01a022e43d57p-16};
/// 1/6 and 1/24 to nearest and the rest.
inline constexpr double kSixth[2] = {0x1.5555555555555p-3, 0x1.5555555555555p-57};
inline constexpr double kTwentyFourth[2] = {0x1.5555555555555p-5, 0x1.5555555555555p-59};
/// Interpolates (2 artanh(s) / s - 2) / s^2 as a function of s^2 on [0, (3 - 2 sqrt(2))^2] at 7
/// nodes.
inline constexpr double kLogPolynomial[7] = {
    0x1.5555555555558p-1, 0x1.99999999952e2p-2, 0x1.2492492df148dp-2, 0x1.c71c62e5800a1p-3,
    0x1.7462b4ab2ef6bp-3, 0x1.39fe606542ddep-3, 0x1.2b584aae78a57p-3};

/// 2^(i/16) to nearest, with i * 2^48 subtracted from its bits (look_up_scaled).
alignas(64) inline constexpr double kScaledPower16[16] = {  //
    0x1.0000000000000p+0, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1,
    0x1.f06fe0a31b715p-1, 0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1,
    0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1, 0x1.eace5422aa0dbp-1, 0x1.ec49182a3f090p-1,
    0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1, 0x1.fa4afa2a490dap-1};

/// 2^(i/16) to nearest.
alignas(64) inline constexpr double kPower16[16] = {  //
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};

/// What kPower16 lacks: 2^(i/16) - kPower16[i], to nearest.
alignas(64) inline constexpr double kPower16Low[16] = {  //
    0x0.0000000000000p+0,   0x1.8a62e4adc610bp-54,  -0x1.19041b9d78a76p-55, 0x1.9b07eb6c70573p-54,
    0x1.6f46ad23182e4p-55,  0x1.ada0911f09ebcp-55,  0x1.d4397afec42e2p-56,  0x1.6324c054647adp-54,
    -0x1.bdd3413b26456p-54, -0x1.41577ee04992fp-55, 0x1.6e9f156864b27p-54,  0x1.c7c46b071f2bep-56,
    0x1.7a1cd345dcc81p-54,  0x1.11065895048ddp-55,  0x1.2ed02d75b3707p-55,  -0x1.e9c23179c2893p-54};

/// The same relative to kPower16[i].
alignas(64) inline constexpr double kPower16Lack[16] = {  //
    0x0.0000000000000p+0,   0x1.79aa65d837b6dp-54,  -0x1.01b15eaa59348p-55, 0x1.68efde3a8a894p-54,
    0x1.34d754db0abb6p-55,  0x1.59f48a72a4c6dp-55,  0x1.690cebb7aafb0p-56,  0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2228p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55,  0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3387p-55,  0x1.36eae30af0cb3p-56,  0x1.4a385a63d07a7p-56,  -0x1.ff7128fd391f0p-55};

/// 2^(i/256) to nearest.
alignas(64) inline constexpr double kPower256[16] = {  //
    0x1.0000000000000p+0, 0x1.00b1afa5abcbfp+0, 0x1.0163da9fb3335p+0, 0x1.02168143b0281p+0,
    0x1.02c9a3e778061p+0, 0x1.037d42e11bbccp+0, 0x1.04315e86e7f85p+0, 0x1.04e5f72f654b1p+0,
    0x1.059b0d3158574p+0, 0x1.0650a0e3c1f89p+0, 0x1.0706b29ddf6dep+0, 0x1.07bd42b72a836p+0,
    0x1.0874518759bc8p+0, 0x1.092bdf66607e0p+0, 0x1.09e3ecac6f383p+0, 0x1.0a9c79b1f3919p+0};

/// 2^(i/256) - kPower256[i], to nearest.
alignas(64) inline constexpr double kPower256Low[16] = {  //
    0x0.0000000000000p+0,   -0x1.4f6b2a7609f71p-55, 0x1.b61299ab8cdb7p-54,  -0x1.2bf310fc54eb6p-55,
    -0x1.19083535b085dp-56, 0x1.56811eeade11ap-57,  -0x1.0a31c1977c96ep-54, 0x1.4c3793aa0d08dp-55,
    0x1.d73e2a475b465p-55,  -0x1.5cb7b5799c397p-54, -0x1.c91dfe2b13c27p-55, 0x1.3233454458700p-55,
    0x1.186be4bb284ffp-57,  -0x1.68063800a3fd1p-54, 0x1.1487818316136p-54,  0x1.5d16c873d1d38p-55};

}  // namespace attest::oracle::simd
