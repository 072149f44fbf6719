// A property: something that must hold for every case of its kind, and how such cases are drawn and
// judged. Families live one per file (oracle.cc, causality.cc, ...); all_properties() lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/session.h"
#include "problem/case.h"
#include "problem/verdict.h"

// Only named here: RapidCheck's headers are half of what a file of campaign/ would have to read.
namespace rc {
template <typename T>
class Gen;
template <typename T>
class Shrinkable;
}  // namespace rc

namespace attest::properties {

class Harness;

/// Changes whenever the same seed would draw other cases.
inline constexpr int kGeneratorVersion = 4;

struct Property {
  std::string_view id;     ///< "family.name"
  std::string_view claim;  ///< one sentence: what holds
  std::string_view
      kills;         ///< planted bugs it is known to kill, comma-separated ids of kernels/planted
  const char* file;  ///< where it is written, for reports
  int line;

  /// Whether a kernel of this declaration can be tested at all (operations, features, promises).
  bool (*applies)(const kernels::KernelInfo& info);
  /// Draws cases within the kernel's declaration. Shrinks lazily through shrinkers/.
  rc::Gen<problem::Case> (*generate)(const kernels::KernelInfo& info);
  /// Judges one case. Status::kSkipped when the case does not meet the property's preconditions or
  /// is outside the kernel's declaration. Never throws for a wrong kernel.
  problem::Verdict (*check)(const problem::Case& value, Harness& harness);
  /// Where the cases can be told off one by one (attest fuzz --exhaustive): how many there are, and
  /// case k of them. Null for most.
  std::uint64_t (*scope_size)(const kernels::KernelInfo& info) = nullptr;
  problem::Case (*scope_case)(const kernels::KernelInfo& info, std::uint64_t k) = nullptr;
};

std::span<const Property> all_properties();
/// nullptr when unknown.
const Property* find_property(std::string_view id);
/// "properties/oracle.cc": Property::file from the root of the repository.
std::string source_file(const Property& property);

/// Case `k` of a property for a kernel: a pure function of (kGeneratorVersion, seed, property,
/// kernel, k). Its `property` and `kernel` are set.
problem::Case draw_case(const Property& property, const kernels::KernelInfo& info,
                        std::uint64_t seed, std::uint64_t k);

/// Case `k` of the property's scope, `property` and `kernel` set.
problem::Case scope_case(const Property& property, const kernels::KernelInfo& info,
                         std::uint64_t k);

/// draw_case's generator run once with its shrink tree, for RapidCheck's own machinery.
rc::Shrinkable<problem::Case> draw_shrinkable(const Property& property,
                                              const kernels::KernelInfo& info, std::uint64_t seed,
                                              std::uint64_t k);

/// Runs the check on a session of the kernel; of a case with a history on a fresh kernel object
/// that has lived through it. Counts and timings accumulate in the harness, which also says whether
/// a planted defect ran (Harness::defect_ran).
problem::Verdict run_check(const Property& property, const problem::Case& value, Harness& harness);

}  // namespace attest::properties
