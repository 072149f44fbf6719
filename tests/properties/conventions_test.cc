// Conventions are declared, and the declarations are tested: every convention has a kernel that
// behaves so. Declared, it passes everything; declared otherwise, it is found out.
#include <string>

#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;

constexpr std::uint64_t kConventionSeed = 1;

const std::vector<KernelInfo>& variants() {
  static const auto infos =
      kernels::plugin_infos(std::string(ATTEST_PROPERTIES_PLUGIN_DIR) + "/conventions.so");
  return infos;
}

bool is_honest(const KernelInfo& info) { return info.name.ends_with("/honest"); }

TEST(Conventions, OfAnHonestDeclarationPassEveryProperty) {
  int honest = 0;
  for (const KernelInfo& info : variants()) {
    if (!is_honest(info)) continue;
    ++honest;
    const auto session = tests::open(info);
    Harness harness(*session);
    std::int64_t judged = 0;
    for (const Property& property : all_properties()) {
      if (!property.applies(info)) continue;
      for (std::uint64_t k = 0; k < 20; ++k) {
        const auto value = draw_case(property, info, kConventionSeed, k);
        const problem::Verdict verdict = run_check(property, value, harness);
        if (verdict.status == problem::Status::kSkipped) continue;
        ++judged;
        ASSERT_EQ(verdict.status, problem::Status::kPass)
            << property.id << " on " << info.name << ", case " << k << ": " << verdict.message;
      }
    }
    EXPECT_GT(judged, 200) << info.name;
  }
  EXPECT_EQ(honest, 16);  // as many as there are ways
}

/// The first property that fails on the kernel, empty: none does.
std::string_view found_by(const KernelInfo& info) {
  const auto session = tests::open(info);
  Harness harness(*session);
  for (std::uint64_t k = 0; k < 200; ++k) {
    for (const Property& property : all_properties()) {
      if (!property.applies(info)) continue;
      if (run_check(property, draw_case(property, info, kConventionSeed, k), harness).failed())
        return property.id;
    }
  }
  return {};
}

TEST(Conventions, OfAFalseDeclarationAreFoundOut) {
  int lying = 0;
  for (const KernelInfo& info : variants()) {
    if (is_honest(info)) continue;
    ++lying;
    EXPECT_NE(found_by(info), "") << info.name;
  }
  EXPECT_EQ(lying, 28);
}

TEST(Conventions, OfStatesAreSeenByTheFamiliesOfStates) {
  for (const KernelInfo& info : variants()) {
    if (!info.name.starts_with("state_") || is_honest(info)) continue;
    const auto session = tests::open(info);
    Harness harness(*session);
    for (const char* id : {"oracle.state", "monoid.commutative"}) {
      const Property& property = *find_property(id);
      bool failed = false;
      for (std::uint64_t k = 0; k < 100 && !failed; ++k)
        failed =
            run_check(property, draw_case(property, info, kConventionSeed, k), harness).failed();
      EXPECT_TRUE(failed) << id << " on " << info.name;
    }
  }
}

}  // namespace
}  // namespace attest::properties
