#include "properties/property.h"

#include <chrono>
#include <xxhash.h>

#include <rapidcheck/Random.h>
#include <rapidcheck/shrinkable/Transform.h>

#include "properties/families.h"
#include "properties/features.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  return XXH64(text.data(), text.size(), seed);
}

std::vector<Property> collect() {
  std::vector<Property> all;
  for (const auto family :
       {oracle_family(), causality_family(), window_family(), padding_family(), chunking_family(),
        monoid_family(), partition_family(), paging_family(), batch_family(), heads_family(),
        algebra_family(), features_family(), memory_family(), cache_family(), determinism_family(),
        refusal_family()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

}  // namespace

std::span<const Property> all_properties() {
  static const std::vector<Property> all = collect();
  return all;
}

const Property* find_property(std::string_view id) {
  for (const Property& property : all_properties()) {
    if (property.id == id) return &property;
  }
  return nullptr;
}

rc::Shrinkable<problem::Case> draw_shrinkable(const Property& property,
                                              const kernels::KernelInfo& info, std::uint64_t seed,
                                              std::uint64_t k) {
  // The seed of a property does not depend on which other properties exist or run.
  const std::uint64_t property_seed =
      hash_text(property.id, problem::derive_seed(seed, kGeneratorVersion));
  const std::uint64_t case_seed = problem::derive_seed(hash_text(info.name, property_seed), k);
  const int size = static_cast<int>(k % 101);
  auto drawn = property.generate(info)(rc::Random(case_seed), size);
  return rc::shrinkable::map(
      std::move(drawn), [id = std::string(property.id), name = info.name](problem::Case value) {
        value.property = id;
        value.kernel = name;
        return value;
      });
}

problem::Case draw_case(const Property& property, const kernels::KernelInfo& info,
                        std::uint64_t seed, std::uint64_t k) {
  return draw_shrinkable(property, info, seed, k).value();
}

problem::Case scope_case(const Property& property, const kernels::KernelInfo& info,
                         std::uint64_t k) {
  problem::Case value = property.scope_case(info, k);
  value.property = property.id;
  value.kernel = info.name;
  return value;
}

problem::Verdict run_check(const Property& property, const problem::Case& value, Harness& harness) {
  Statistics& statistics = harness.statistics();
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t kernel_before = harness.session().kernel_nanoseconds();
  harness.session().take_defect_ran();
  harness.begin_check();
  problem::Verdict verdict = property.check(value, harness);
  harness.defect_ran(harness.session().take_defect_ran());
  if (verdict.status != problem::Status::kSkipped) ++statistics.checks;
  statistics.kernel_ns += harness.session().kernel_nanoseconds() - kernel_before;
  statistics.total_ns +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count();
  return verdict;
}

}  // namespace attest::properties
