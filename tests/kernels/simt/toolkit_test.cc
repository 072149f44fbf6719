// The stand-ins for cuda_fp16.h, cuda_bf16.h and cuda_fp8.h agree with the toolkit's own headers.
#include <bit>
#include <dlfcn.h>

#include <gtest/gtest.h>

#include "tests/kernels/simt/conversions.h"

namespace {

const Conversions& load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  return *reinterpret_cast<const Conversions* (*)()>(dlsym(library, "conversions"))();
}

class Toolkit : public testing::Test {
 protected:
  static const Conversions& own() {
    static const Conversions& functions = load(ATTEST_STAND_IN);
    return functions;
  }
  static const Conversions& theirs() {
    static const Conversions& functions = load(ATTEST_TOOLKIT);
    return functions;
  }

  /// Bits of floats: a stride that meets all exponents and many mantissas, and their neighbours.
  template <class Check>
  static void over_floats(Check check) {
    for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 8209) {
      check(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      if (testing::Test::HasFailure()) return;
    }
    // Ties of every small type lie where few low bits are set.
    for (std::uint64_t high = 0; high <= 0xffffu; ++high) {
      for (const std::uint32_t low :
           {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
        check(std::bit_cast<float>(static_cast<std::uint32_t>(high << 16 | low)));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  static std::uint32_t bits(float f) { return std::bit_cast<std::uint32_t>(f); }
};

TEST_F(Toolkit, HalvesFromFloats) {
  over_floats([](float f) {
    ASSERT_EQ(own().half_from_float(f), theirs().half_from_float(f)) << std::hex << bits(f);
    ASSERT_EQ(own().half_from_double(double{f}), theirs().half_from_double(double{f}))
        << std::hex << bits(f);
  });
}

TEST_F(Toolkit, BfloatsFromFloats) {
  over_floats([](float f) {
    ASSERT_EQ(own().bfloat_from_float(f), theirs().bfloat_from_float(f)) << std::hex << bits(f);
    ASSERT_EQ(own().bfloat_from_double(double{f}), theirs().bfloat_from_double(double{f}))
        << std::hex << bits(f);
  });
}

TEST_F(Toolkit, FloatsFromAllHalvesAndBfloats) {
  for (std::uint32_t code = 0; code <= 0xffff; ++code) {
    const auto half = static_cast<std::uint16_t>(code);
    ASSERT_EQ(bits(own().half_to_float(half)), bits(theirs().half_to_float(half))) << code;
    ASSERT_EQ(bits(own().bfloat_to_float(half)), bits(theirs().bfloat_to_float(half))) << code;
  }
}

TEST_F(Toolkit, ArithmeticOfHalvesAndBfloats) {
  const auto is_nan = [](float f) { return f != f; };
  for (std::uint32_t a = 0; a <= 0xffff; a += 37) {
    for (std::uint32_t b = 0; b <= 0xffff; b += 997) {
      const auto x = static_cast<std::uint16_t>(a);
      const auto y = static_cast<std::uint16_t>(b);
      for (int which = 0; which < 4; ++which) {
        const std::uint16_t half = own().half_operation(which, x, y);
        if (!is_nan(own().half_to_float(half))) {
          ASSERT_EQ(half, theirs().half_operation(which, x, y)) << which << ' ' << a << ' ' << b;
        }
        const std::uint16_t bfloat = own().bfloat_operation(which, x, y);
        if (!is_nan(own().bfloat_to_float(bfloat))) {
          ASSERT_EQ(bfloat, theirs().bfloat_operation(which, x, y))
              << which << ' ' << a << ' ' << b;
        }
      }
    }
  }
}

TEST_F(Toolkit, Fp8FromFloats) {
  for (const bool e4m3 : {true, false}) {
    for (const bool saturate : {true, false}) {
      over_floats([&](float f) {
        ASSERT_EQ(own().fp8_from_float(f, saturate, e4m3),
                  theirs().fp8_from_float(f, saturate, e4m3))
            << std::hex << bits(f) << (e4m3 ? " e4m3" : " e5m2") << (saturate ? " saturated" : "");
      });
    }
    over_floats([&](float f) {
      ASSERT_EQ(own().fp8_class(f, e4m3), theirs().fp8_class(f, e4m3)) << std::hex << bits(f);
    });
  }
}

TEST_F(Toolkit, Fp8FromAllHalvesAndBfloats) {
  for (std::uint32_t code = 0; code <= 0xffff; ++code) {
    const auto half = static_cast<std::uint16_t>(code);
    for (const bool e4m3 : {true, false}) {
      for (const bool saturate : {true, false}) {
        ASSERT_EQ(own().fp8_from_half(half, saturate, e4m3),
                  theirs().fp8_from_half(half, saturate, e4m3))
            << code;
        ASSERT_EQ(own().fp8_from_bfloat(half, saturate, e4m3),
                  theirs().fp8_from_bfloat(half, saturate, e4m3))
            << code;
      }
    }
  }
}

TEST_F(Toolkit, AllFp8Codes) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    for (const bool e4m3 : {true, false}) {
      ASSERT_EQ(own().fp8_to_half(byte, e4m3), theirs().fp8_to_half(byte, e4m3)) << code;
      ASSERT_EQ(bits(own().fp8_class_to_float(byte, e4m3)),
                bits(theirs().fp8_class_to_float(byte, e4m3)))
          << code;
    }
  }
}

}  // namespace
