#include "properties/property.h"

#include <chrono>
#include <xxhash.h>

#include <rapidcheck/Gen.h>
#include <rapidcheck/Random.h>
#include <rapidcheck/shrinkable/Transform.h>

#include "problem/errors.h"
#include "problem/program.h"
#include "problem/schedule.h"
#include "problem/text.h"
#include "properties/families.h"
#include "properties/features.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  return XXH64(text.data(), text.size(), seed);
}

std::vector<Property> collect_properties() {
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
  static const std::vector<Property> all = collect_properties();
  return all;
}

const Property* find_property(std::string_view id) {
  for (const Property& property : all_properties()) {
    if (property.id == id) return &property;
  }
  return nullptr;
}

std::string source_file(const Property& property) {
  const std::string_view path = property.file;
  const std::size_t at = path.rfind("properties/");
  return std::string(at == std::string_view::npos ? path : path.substr(at));
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
  // Programs draw their own: it also decides the order of their pages.
  const std::uint64_t schedule = info.on_executor ? problem::draw_schedule_seed(case_seed) : 0;
  return rc::shrinkable::map(std::move(drawn), [id = std::string(property.id), name = info.name,
                                                schedule](problem::Case value) {
    value.property = id;
    value.kernel = name;
    if (schedule != 0 && !problem::is_program(value)) value.plan.schedule_seed = schedule;
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
  if (info.on_executor) value.plan.schedule_seed = problem::draw_schedule_seed(k);
  return value;
}

namespace {

void begin(const problem::Case& value, Harness& harness) {
  harness.begin_check();
  harness.session().arena().place_by(value.values.seed);
}

/// A fresh kernel object that has seen these checks. What they found is of no interest here.
void live_through(const std::vector<problem::Case>& history, const Property& own,
                  Harness& harness) {
  harness.session().restart();
  const bool recording = harness.recording();
  harness.record(false);
  for (const problem::Case& past : history) {
    // Nearly always that of the check itself, which may be one that is not listed.
    const Property* property = past.property == own.id ? &own : find_property(past.property);
    if (property == nullptr) {
      throw ContractError("history: no property of the id '" + problem::printable(past.property) +
                          "'");
    }
    begin(past, harness);
    property->check(past, harness);
  }
  harness.record(recording);
}

}  // namespace

problem::Verdict run_check(const Property& property, const problem::Case& value, Harness& harness) {
  Statistics& statistics = harness.statistics();
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t kernel_before = harness.session().kernel_nanoseconds();
  if (!value.history.empty()) live_through(value.history, property, harness);
  harness.session().take_defect_ran();
  begin(value, harness);
  harness.session().set_schedule(problem::schedule_of(value.plan.schedule_seed));
  problem::Verdict verdict = property.check(value, harness);
  if (!value.history.empty() && verdict.failed()) {
    const std::size_t count = value.history.size();
    verdict.message = "after " + std::to_string(count) +
                      (count == 1 ? " other check" : " other checks") +
                      " on the same kernel object: " + verdict.message;
  }
  harness.defect_ran(harness.session().take_defect_ran());
  if (verdict.status != problem::Status::kSkipped) ++statistics.checks;
  statistics.kernel_ns += harness.session().kernel_nanoseconds() - kernel_before;
  statistics.total_ns +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count();
  return verdict;
}

}  // namespace attest::properties
