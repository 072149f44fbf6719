#include "kernels/symbols.h"

#include <cstdint>
#include <cstdio>
#include <dlfcn.h>
#include <fstream>
#include <link.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/kernels/plugins.h"

namespace attest::kernels {
namespace {

/// An address as its file has it.
std::uint64_t in_file(void* function) {
  Dl_info info{};
  link_map* map = nullptr;
  EXPECT_NE(dladdr1(function, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP), 0);
  return reinterpret_cast<std::uint64_t>(function) - map->l_addr;
}

[[gnu::noinline]] int a_function_of_this_program(int x) { return x + 1; }

TEST(Symbols, NameFunctionsOfThisProgramWithoutTheirArguments) {
  Symbols symbols;
  const auto address = in_file(reinterpret_cast<void*>(&a_function_of_this_program));
  EXPECT_EQ(symbols.describe("", address),
            "attest::kernels::a_function_of_this_program+0x0 (attest)");
}

TEST(Symbols, AnAddressBehindAllFunctionsHasNoName) {
  Symbols symbols;
  EXPECT_EQ(symbols.describe("", std::uint64_t{1} << 40), "attest+0x10000000000");
}

TEST(Symbols, WhatIsNoElfFileHasNoNames) {
  Symbols symbols;
  EXPECT_EQ(symbols.describe("/no/such/file.so", 16), "file.so+0x10");
  EXPECT_EQ(symbols.describe("/dev/zero", 16), "zero+0x10");
  EXPECT_EQ(symbols.describe("/tmp", 16), "tmp+0x10");
}

TEST(Symbols, ABrokenFileHasNoNamesAndDoesNoHarm) {
  std::ifstream whole(tests::plugin("misbehaving"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(whole), {}};
  ASSERT_GT(bytes.size(), 1000u);
  const std::string path = ::testing::TempDir() + "broken_" + std::to_string(getpid()) + ".so";
  // Cut short, and with single bytes of its header, its section table and its symbols changed.
  for (std::size_t variant = 0; variant < 100; ++variant) {
    std::string broken = bytes;
    if (variant % 4 == 0) {
      broken.resize(bytes.size() * variant / 100);
    } else {
      const std::size_t at = variant < 50 ? variant % 64 : bytes.size() - 1 - (variant * 37) % 4000;
      broken[at] = static_cast<char>(variant * 89 + 1);
    }
    std::ofstream(path, std::ios::binary) << broken;
    Symbols symbols;
    EXPECT_FALSE(symbols.describe(path, 0x1200).empty());
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace attest::kernels
