// wmma, mma.sync and ldmatrix.
#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/rules.h"

namespace attest::simt {
namespace {

struct Product {
  DeviceArray<float> a{256}, b{256}, c{256};

  Product() {
    // Small integers: products and sums are exact in any order.
    for (std::size_t i = 0; i < 256; ++i) {
      a[i] = static_cast<float>(i * 7 % 11) - 5;
      b[i] = static_cast<float>(i * 5 % 13) - 6;
    }
  }
  std::vector<float> expected() {
    std::vector<float> product(256, 0.0f);
    for (std::size_t i = 0; i < 256; ++i) {
      for (std::size_t k = 0; k < 16; ++k) product[i] += a[i / 16 * 16 + k] * b[k * 16 + i % 16];
    }
    return product;
  }
};

TEST(MatrixUnits, WmmaMultiplies) {
  Product p;
  under_every_schedule([&] { return simt_rules::wmma_product(p.a.data(), p.b.data(), p.c.data()); },
                       [&] { ASSERT_EQ(p.c.values(), p.expected()); });
}

TEST(MatrixUnits, LdmatrixAndMmaSyncMultiply) {
  Product p;
  under_every_schedule([&] { return simt_rules::mma_product(p.a.data(), p.b.data(), p.c.data()); },
                       [&] { ASSERT_EQ(p.c.values(), p.expected()); });
}

TEST(MatrixUnits, WhichLaneHoldsWhatInWmmaDependsOnTheSeed) {
  Product p;
  std::vector<std::vector<float>> results;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    set_options({.seed = seed});
    EXPECT_EQ(simt_rules::relies_on_wmma_lanes(p.a.data(), p.b.data(), p.c.data()), 0);
    results.push_back(p.c.values());
  }
  EXPECT_NE(results, std::vector<std::vector<float>>(8, results[0]));
}

}  // namespace
}  // namespace attest::simt
