// Plug-ins from before attest_numerics grew, in the middle of attest_kernel: their functions begin
// where product_bits is now.
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/kernel_info.h"
#include "problem/errors.h"
#include "tests/kernels/declarations.h"

namespace attest::kernels {
namespace {

using problem::Numerics;
using tests::simple_kernel;

std::string first_layout_complaint(const attest_kernel& kernel) {
  try {
    describe(kernel);
  } catch (const ContractError& error) {
    return error.what();
  }
  return "";
}

/// The bytes such a plug-in would hand over for `kernel`: the functions follow lazy_rescale.
std::vector<std::byte> first_layout(const attest_kernel& kernel) {
  constexpr std::size_t kNumericsEnd =
      offsetof(attest_kernel, numerics) + offsetof(attest_numerics, product_bits);
  const auto* bytes = reinterpret_cast<const std::byte*>(&kernel);
  std::vector<std::byte> old(bytes, bytes + kNumericsEnd);
  old.insert(old.end(), bytes + offsetof(attest_kernel, create), bytes + sizeof(kernel));
  const auto size = static_cast<std::uint32_t>(old.size());
  const std::uint32_t numerics_size = offsetof(attest_numerics, product_bits);
  std::memcpy(old.data(), &size, sizeof(size));
  std::memcpy(old.data() + offsetof(attest_kernel, numerics), &numerics_size, sizeof(size));
  return old;
}

TEST(FirstLayout, IsReadAsItWasMeant) {
  attest_kernel kernel = simple_kernel();
  kernel.operations |= ATTEST_OP_MERGE;
  kernel.merge = [](void*, const attest_merge*, attest_report*) -> attest_status {
    return ATTEST_FAILED;
  };
  kernel.numerics.merge_levels = 2;
  kernel.numerics.exp_ulp = 7;
  const std::vector<std::byte> bytes = first_layout(kernel);
  std::vector<attest_kernel> aligned(1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const attest_kernel read = complete(aligned[0]);
  EXPECT_EQ(read.attend, kernel.attend);
  EXPECT_EQ(read.merge, kernel.merge);
  EXPECT_EQ(read.create, nullptr);
  const Numerics n = describe(aligned[0]).declared_numerics();
  Numerics meant = problem::generic_numerics(problem::DType::kF32);
  meant.merge_levels = 2;
  meant.exp_ulp = 7;
  EXPECT_EQ(n, meant);
}

TEST(FirstLayout, MayItselfBeCutShort) {
  const std::vector<std::byte> bytes = first_layout(simple_kernel());
  std::vector<attest_kernel> aligned(1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  aligned[0].struct_size = static_cast<std::uint32_t>(bytes.size() - 4 * sizeof(void*));
  EXPECT_EQ(first_layout_complaint(aligned[0]), "");  // attend is the fifth of nine functions
  aligned[0].struct_size -= sizeof(void*);
  EXPECT_NE(first_layout_complaint(aligned[0]).find("but the function is NULL"), std::string::npos);
}

TEST(FirstLayout, HasNoRoomForNumericsOfToday) {
  attest_kernel kernel = simple_kernel();
  kernel.struct_size = offsetof(attest_kernel, create);
  EXPECT_NE(first_layout_complaint(kernel).find("too short for its numerics"), std::string::npos);
}

}  // namespace
}  // namespace attest::kernels
