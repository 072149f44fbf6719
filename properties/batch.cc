// Family batch: a sequence's result does not depend on its neighbours.
#include <algorithm>
#include <numeric>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Verdict;

bool is_exact(const kernels::KernelInfo& info) {
  // Neighbours also decide which unused slots lie beside a sequence.
  return info.promised(ATTEST_PROMISE_BATCH_INVARIANT) && repeats_bits_over_junk(info);
}

/// Rows of old sequence order[i], wherever it stands now.
std::vector<Harness::RowPair> row_pairs(const Scene& scene,
                                        const std::vector<std::int64_t>& order) {
  std::vector<Harness::RowPair> pairs;
  std::int64_t next = 0;
  for (const std::int64_t b : order) {
    for (std::int64_t row = 0; row < scene.problem.sequences[b].q_len; ++row) {
      pairs.push_back({scene.problem.first_row(b) + row, next++});
    }
  }
  return pairs;
}

Verdict compare_with(const Scene& scene, const Run& whole, const std::vector<std::int64_t>& order,
                     Harness& harness) {
  const auto pairs = row_pairs(scene, order);
  if (pairs.empty()) return Verdict::skipped("no rows");
  const Scene other = reorder_sequences(scene, order);
  if (!harness.supported(other)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(other);
  if (run.failure) return *run.failure;
  return harness.same(scene, whole.out, run.out, is_exact(harness.info()), pairs);
}

Verdict check_sequence_alone(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (scene.problem.batch() < 2) return Verdict::skipped("one sequence");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  Verdict result = Verdict::skipped("no rows");
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    Verdict verdict = compare_with(scene, whole, {b}, harness);
    if (verdict.failed()) return verdict;
    add_pass(verdict, result);
  }
  return result;
}

Verdict check_order(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (scene.problem.batch() < 2) return Verdict::skipped("one sequence");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run whole = harness.attend(scene);
  if (whole.failure) return *whole.failure;
  std::vector<std::int64_t> order(static_cast<std::size_t>(scene.problem.batch()));
  std::iota(order.rbegin(), order.rend(), 0);
  return compare_with(scene, whole, order, harness);
}

bool takes_batches(const kernels::KernelInfo& info) {
  return can_attend(info) && kernels::contains(info.capabilities.batch, 2);
}

}  // namespace

std::span<const Property> batch_family() {
  static const Property family[] = {
      {.id = "batch.alone",
       .claim = "a sequence alone gives what it gives in a batch",
       .kills = "one_page_too_many, neighbour_page, splits_from_batch_size, "
                "zero_length_writes",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_batches,
       .generate =
           [](const kernels::KernelInfo& info) { return cases(info, {.many_sequences = true}); },
       .check = check_sequence_alone},
      {.id = "batch.order",
       .claim = "sequences in reverse order give the same results in reverse order",
       .kills = "one_page_too_many, combine_batch_stride_zero, neighbour_page, "
                "zero_length_writes",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_batches,
       .generate =
           [](const kernels::KernelInfo& info) { return cases(info, {.many_sequences = true}); },
       .check = check_order},
  };
  return family;
}

}  // namespace attest::properties
