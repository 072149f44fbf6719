// Conversions of CUDA's headers as functions on bits, once from the originals and once from the
// stand-ins.
#pragma once

#include <cstdint>

struct Conversions {
  std::uint16_t (*half_from_float)(float);
  std::uint16_t (*half_from_double)(double);
  float (*half_to_float)(std::uint16_t);
  std::uint16_t (*half_operation)(int which, std::uint16_t, std::uint16_t);
  std::uint16_t (*bfloat_from_float)(float);
  std::uint16_t (*bfloat_from_double)(double);
  float (*bfloat_to_float)(std::uint16_t);
  std::uint16_t (*bfloat_operation)(int which, std::uint16_t, std::uint16_t);
  std::uint8_t (*fp8_from_float)(float, bool saturate, bool e4m3);
  std::uint8_t (*fp8_from_half)(std::uint16_t, bool saturate, bool e4m3);
  std::uint8_t (*fp8_from_bfloat)(std::uint16_t, bool saturate, bool e4m3);
  std::uint16_t (*fp8_to_half)(std::uint8_t, bool e4m3);
  std::uint8_t (*fp8_class)(float, bool e4m3);
  float (*fp8_class_to_float)(std::uint8_t, bool e4m3);
};
