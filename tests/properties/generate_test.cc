#include "properties/generate.h"

#include <set>
#include <xxhash.h>

#include <gtest/gtest.h>

#include "corpus/case_file.h"
#include "properties/program_run.h"
#include "properties/property.h"
#include "tests/properties/golden_cases.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using tests::correct_kernels;

constexpr std::uint64_t kDrawnSeed = 1;
constexpr std::uint64_t kLast = 60;

/// Calls visit(property, kernel) for every built-in kernel and each property that applies.
template <typename Visit>
void for_each_pair(Visit visit) {
  for (const KernelInfo& info : kernels::builtin_infos()) {
    for (const Property& property : all_properties()) {
      if (!property.applies(info)) continue;
      SCOPED_TRACE(std::string(property.id) + " on " + info.name);
      visit(property, info);
    }
  }
}

TEST(Generators, DrawValidCasesInsideTheDeclarationOfTheKernel) {
  for_each_pair([](const Property& property, const KernelInfo& info) {
    for (std::uint64_t k = 0; k <= kLast; ++k) {
      const Case value = draw_case(property, info, kDrawnSeed, k);
      const auto error = problem::find_error(value);
      ASSERT_FALSE(error) << "case " << k << ": " << *error;
      ASSERT_EQ(value.property, property.id);
      ASSERT_EQ(value.kernel, info.name);
      // Sizes of a cache or a state are all that a kernel without attend declares.
      if (!info.can(ATTEST_OP_ATTEND) || property.id == "refusal.outside_is_refused") continue;
      const auto reason = unserved(info, value);
      ASSERT_FALSE(reason) << "case " << k << ": " << *reason;
    }
  });
}

TEST(Generators, OfRefusalsStepOutsideNearlyAlways) {
  const Property& property = *find_property("refusal.outside_is_refused");
  for (const KernelInfo& info : correct_kernels()) {
    if (!property.applies(info)) continue;
    int outside = 0;
    for (std::uint64_t k = 0; k <= kLast; ++k) {
      const Case value = draw_case(property, info, kDrawnSeed, k);
      outside += kernels::unsupported(info, value.problem(), value.storage) ? 1 : 0;
    }
    EXPECT_GE(outside, 55) << info.name;
  }
}

TEST(Generators, DrawCaseKAloneAsInASequenceAndAfterOthers) {
  for_each_pair([](const Property& property, const KernelInfo& info) {
    std::vector<Case> sequence;
    for (std::uint64_t k = 0; k <= 20; ++k) {
      sequence.push_back(draw_case(property, info, kDrawnSeed, k));
    }
    for (const std::uint64_t k : {20, 3, 0, 11}) {
      ASSERT_EQ(draw_case(property, info, kDrawnSeed, k), sequence[k]) << "case " << k;
    }
  });
}

TEST(Generators, DrawAnotherCaseForEachK) {
  for_each_pair([](const Property& property, const KernelInfo& info) {
    std::set<std::string> seen;
    for (std::uint64_t k = 0; k <= kLast; ++k) {
      seen.insert(corpus::write_case_line(draw_case(property, info, kDrawnSeed, k)));
    }
    EXPECT_EQ(seen.size(), kLast + 1);
  });
}

TEST(Generators, DependOnTheSeedThePropertyAndTheKernel) {
  const Property& output = *find_property("oracle.output");
  const Property& lse = *find_property("oracle.lse");
  const KernelInfo f32 = tests::builtin("cpu/dense_f32");
  const KernelInfo f64 = tests::builtin("cpu/dense_f64");
  const Case base = draw_case(output, f32, 1, 5);
  EXPECT_NE(base.values.seed, draw_case(output, f32, 2, 5).values.seed);
  EXPECT_NE(base.values.seed, draw_case(lse, f32, 1, 5).values.seed);
  EXPECT_NE(base.values.seed, draw_case(output, f64, 1, 5).values.seed);
}

std::uint64_t hash_of_first_cases(const Property& property, const KernelInfo& info) {
  std::uint64_t hash = 0;
  for (std::uint64_t k = 0; k < 20; ++k) {
    const std::string line = corpus::write_case_line(draw_case(property, info, kDrawnSeed, k));
    hash = XXH64(line.data(), line.size(), hash);
  }
  return hash;
}

TEST(Generators, DrawTheSameCasesOnEveryMachineAndCompiler) {
  EXPECT_EQ(kGeneratorVersion, tests::kGoldenGeneratorVersion);
  for (const Property& property : all_properties()) {
    for (const KernelInfo& info : correct_kernels()) {
      if (!property.applies(info)) continue;
      const std::uint64_t hash = hash_of_first_cases(property, info);
      const std::uint64_t golden = tests::golden_hash(property.id);
      EXPECT_EQ(hash, golden) << "    {\"" << property.id << "\", 0x" << std::hex << hash
                              << "ull},  // if meant, raise kGeneratorVersion";
      break;  // the first kernel it applies to
    }
  }
}

}  // namespace
}  // namespace attest::properties
