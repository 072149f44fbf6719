#include "kernels/kernel_info.h"

#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"
#include "tests/kernels/declarations.h"

namespace attest::kernels {
namespace {

using tests::complaint;
using tests::simple_info;
using tests::simple_kernel;

TEST(Describe, CopiesWhatASimpleKernelDeclares) {
  const KernelInfo info = simple_info();
  EXPECT_EQ(info.name, "simple");
  EXPECT_EQ(info.description, "does nothing");
  EXPECT_TRUE(info.can(ATTEST_OP_ATTEND));
  EXPECT_FALSE(info.can(ATTEST_OP_MERGE));
  EXPECT_FALSE(info.has_plan);
  EXPECT_FALSE(info.has_supports);
  EXPECT_TRUE(info.has(ATTEST_FEATURE_NON_CAUSAL));
  EXPECT_EQ(info.first_q_dtype(), problem::DType::kF32);
}

struct Nonsense {
  const char* says;
  std::function<void(attest_kernel&)> spoil;
};

TEST(Describe, NamesTheFieldThatIsNonsense) {
  const std::string too_long(101, 'a');
  const std::vector<Nonsense> all = {
      {"struct_size = 0", [](attest_kernel& k) { k.struct_size = 0; }},
      {"struct_size = 16", [](attest_kernel& k) { k.struct_size = 16; }},
      {"struct_size = 4294967295", [](attest_kernel& k) { k.struct_size = 0xffffffff; }},
      {"capabilities.struct_size = 0", [](attest_kernel& k) { k.capabilities.struct_size = 0; }},
      {"capabilities.struct_size = 65535",
       [](attest_kernel& k) { k.capabilities.struct_size = 65535; }},
      {"numerics.struct_size = 0", [](attest_kernel& k) { k.numerics.struct_size = 0; }},
      {"conventions.struct_size = 0", [](attest_kernel& k) { k.conventions.lse_base = 1; }},
      {"name is NULL", [](attest_kernel& k) { k.name = nullptr; }},
      {"kernel name ''", [](attest_kernel& k) { k.name = ""; }},
      {"kernel name 'My kernel'", [](attest_kernel& k) { k.name = "My kernel"; }},
      {"kernel name 'a\\x1b[31m'", [](attest_kernel& k) { k.name = "a\033[31m"; }},
      {"kernel name 'aaaa", [&](attest_kernel& k) { k.name = too_long.c_str(); }},
      {"operations = 0", [](attest_kernel& k) { k.operations = 0; }},
      {"operations = 0x21: bit 5", [](attest_kernel& k) { k.operations |= 1u << 5; }},
      {"ATTEST_OP_ATTEND, but the function is NULL", [](attest_kernel& k) { k.attend = nullptr; }},
      {"ATTEST_OP_MERGE, but the function is NULL",
       [](attest_kernel& k) { k.operations |= ATTEST_OP_MERGE; }},
      {"destroy is set", [](attest_kernel& k) { k.destroy = [](void*) {}; }},
      {"promises = 0x80000000: bit 31", [](attest_kernel& k) { k.promises = 1u << 31; }},
      {"reserved must be 0", [](attest_kernel& k) { k.reserved = 1; }},
      {"capabilities.device = 2", [](attest_kernel& k) { k.capabilities.device = 2; }},
      {"capabilities.q_dtypes = 0", [](attest_kernel& k) { k.capabilities.q_dtypes = 0; }},
      {"capabilities.q_dtypes = 0x10000",
       [](attest_kernel& k) { k.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_I32); }},
      {"capabilities.kv_dtypes = 0x40", [](attest_kernel& k) { k.capabilities.kv_dtypes = 64; }},
      {"capabilities.o_dtypes = 0x40", [](attest_kernel& k) { k.capabilities.o_dtypes = 64; }},
      {"capabilities.layouts = 0:", [](attest_kernel& k) { k.capabilities.layouts = 0; }},
      {"capabilities.layouts = 0x81: bit 7",
       [](attest_kernel& k) { k.capabilities.layouts |= 1u << 7; }},
      {"capabilities.features = 0", [](attest_kernel& k) { k.capabilities.features = 0; }},
      {"bit 28", [](attest_kernel& k) { k.capabilities.features |= 1ull << 28; }},
      {"capabilities.head_dim_qk.min = -4: must be >= 1",
       [](attest_kernel& k) { k.capabilities.head_dim_qk.min = -4; }},
      {"capabilities.num_kv_heads.list[0] = 0: must be >= 1",
       [](attest_kernel& k) { k.capabilities.num_kv_heads.count = 1; }},
      {"capabilities.batch.count = 33", [](attest_kernel& k) { k.capabilities.batch.count = 33; }},
      {"capabilities.batch.count = -1", [](attest_kernel& k) { k.capabilities.batch.count = -1; }},
      {"capabilities.group.max = -1", [](attest_kernel& k) { k.capabilities.group.max = -1; }},
      {"capabilities.page_size.multiple = -16",
       [](attest_kernel& k) { k.capabilities.page_size.multiple = -16; }},
      {"capabilities.head_dim_v.min = 9: must be <= head_dim_v.max = 8",
       [](attest_kernel& k) {
         k.capabilities.head_dim_v.min = 9, k.capabilities.head_dim_v.max = 8;
       }},
      {"capabilities.page_size: no multiple of 16 lies in [1, 15]",
       [](attest_kernel& k) {
         k.capabilities.page_size.max = 15, k.capabilities.page_size.multiple = 16;
       }},
      {"capabilities.q_len = {0}", [](attest_kernel& k) { k.capabilities.q_len.count = 1; }},
      {"capabilities.base_alignment = 24",
       [](attest_kernel& k) { k.capabilities.base_alignment = 24; }},
      {"capabilities.stride_alignment = -1",
       [](attest_kernel& k) { k.capabilities.stride_alignment = -1; }},
      {"conventions.lse_base = 2",
       [](attest_kernel& k) {
         k.conventions.struct_size = sizeof k.conventions, k.conventions.lse_base = 2;
       }},
      {"conventions.state_format = -1",
       [](attest_kernel& k) {
         k.conventions.struct_size = sizeof k.conventions, k.conventions.state_format = -1;
       }},
      {"conventions.causal_alignment = 1: top-left",
       [](attest_kernel& k) {
         k.conventions.struct_size = sizeof k.conventions;
         k.conventions.causal_alignment = ATTEST_CAUSAL_TOP_LEFT;
         k.capabilities.features |= ATTEST_FEATURE_START_POS;
       }},
  };
  for (const Nonsense& nonsense : all) {
    attest_kernel kernel = simple_kernel();
    nonsense.spoil(kernel);
    const std::string said = complaint(kernel);
    EXPECT_NE(said.find(nonsense.says), std::string::npos)
        << "expected: " << nonsense.says << "\nsaid: " << said;
    EXPECT_EQ(said.find('\n'), std::string::npos);
    EXPECT_EQ(said.find('\033'), std::string::npos);
  }
}

TEST(Describe, NamesTheKernelInItsComplaint) {
  attest_kernel kernel = simple_kernel();
  kernel.capabilities.head_dim_qk.min = -4;
  EXPECT_EQ(complaint(kernel), "kernel 'simple': capabilities.head_dim_qk.min = -4: must be >= 1");
}

TEST(Describe, EscapesADescription) {
  attest_kernel kernel = simple_kernel();
  kernel.description = "red \033[31m\nand more";
  EXPECT_EQ(describe(kernel).description, "red \\x1b[31m\\x0aand more");
}

TEST(Describe, ReadsNothingBeyondTheSizeAKernelDeclares) {
  attest_kernel kernel = simple_kernel();
  kernel.struct_size = offsetof(attest_kernel, merge);
  kernel.operations |= ATTEST_OP_MERGE;
  kernel.merge = [](void*, const attest_merge*, attest_report*) -> attest_status {
    return ATTEST_OK;
  };
  EXPECT_NE(complaint(kernel).find("ATTEST_OP_MERGE, but the function is NULL"), std::string::npos);

  kernel = simple_kernel();
  kernel.numerics.struct_size = offsetof(attest_numerics, exp_ulp);
  kernel.numerics.exp_ulp = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(describe(kernel).numerics.exp_ulp, 0);
}

TEST(Describe, TakesAKernelOfAMergeWithoutLayoutsOrTypes) {
  attest_kernel kernel = simple_kernel();
  kernel.operations = ATTEST_OP_MERGE;
  kernel.attend = nullptr;
  kernel.merge = [](void*, const attest_merge*, attest_report*) -> attest_status {
    return ATTEST_OK;
  };
  kernel.capabilities = {};
  kernel.capabilities.struct_size = sizeof(kernel.capabilities);
  EXPECT_EQ(complaint(kernel), "");
  EXPECT_EQ(describe(kernel).first_q_dtype(), problem::DType::kF32);
}

TEST(FirstQDtype, IsTheLowestDeclared) {
  KernelInfo info = simple_info();
  info.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_BF16) | ATTEST_DTYPE_BIT(ATTEST_F16);
  EXPECT_EQ(info.first_q_dtype(), problem::DType::kF16);
}

TEST(Contains, AnEmptyDeclarationHasEveryValue) {
  for (const std::int64_t value : {1, 2, 17, 1 << 20}) EXPECT_TRUE(contains(attest_set{}, value));
}

TEST(Contains, ARangeHasItsMultiplesWithBothEnds) {
  attest_set set{};
  set.min = 16;
  set.max = 64;
  set.multiple = 16;
  for (const std::int64_t value : {16, 32, 48, 64}) EXPECT_TRUE(contains(set, value)) << value;
  for (const std::int64_t value : {0, 1, 8, 17, 65, 80, -16})
    EXPECT_FALSE(contains(set, value)) << value;
}

TEST(Contains, AListHasItsEntriesAndNothingElse) {
  attest_set set{};
  set.count = 2;
  set.list[0] = 64;
  set.list[1] = 128;
  EXPECT_TRUE(contains(set, 64));
  EXPECT_TRUE(contains(set, 128));
  for (const std::int64_t value : {0, 63, 96, 129}) EXPECT_FALSE(contains(set, value)) << value;
}

TEST(Serialise, IsReadBackUnchanged) {
  KernelInfo info = simple_info();
  info.library = "./lib mine.so";
  info.promises = ATTEST_PROMISE_RUN_TO_RUN | ATTEST_PROMISE_VALIDATES;
  info.has_plan = true;
  info.capabilities.head_dim_qk.count = 1;
  info.capabilities.head_dim_qk.list[0] = 7;
  const std::string bytes = serialise(info);
  const KernelInfo copy = deserialise(bytes);
  EXPECT_EQ(serialise(copy), bytes);
  EXPECT_EQ(copy.library, info.library);
  EXPECT_TRUE(copy.has_plan);
  EXPECT_FALSE(copy.has_supports);
  EXPECT_EQ(copy.capabilities.head_dim_qk.list[0], 7);
}

TEST(Deserialise, RefusesEveryTruncationAndAnythingBehind) {
  const std::string bytes = serialise(simple_info());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(deserialise(std::string_view(bytes).substr(0, size)), ContractError) << size;
  }
  EXPECT_THROW(deserialise(bytes + '\0'), ContractError);
}

TEST(Deserialise, NeverAcceptsADeclarationThatIsNonsense) {
  const std::string good = serialise(simple_info());
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      KernelInfo info;
      try {
        info = deserialise(bytes);
      } catch (const ContractError&) {
        ++refused;
        continue;
      }
      EXPECT_NO_THROW(validate(info)) << at;
      EXPECT_EQ(serialise(info), bytes) << at;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace attest::kernels
