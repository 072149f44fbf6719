#include "properties/near.h"

#include <algorithm>
#include <string>

#include "oracle/near.h"
#include "properties/number.h"

namespace attest::properties {
namespace {

using problem::Verdict;

/// Element `at` of o or lse, `lanes` per head.
problem::Where locate(const problem::Problem& problem, const char* tensor, std::int64_t at,
                      std::int64_t lanes) {
  problem::Where where{.tensor = tensor};
  const std::int64_t head_row = at / lanes;
  const std::int64_t row = head_row / problem.num_q_heads;
  where.sequence = 0;
  while (where.sequence + 1 < problem.batch() && row >= problem.first_row(where.sequence + 1))
    ++where.sequence;
  where.row = row - problem.first_row(where.sequence);
  where.head = head_row % problem.num_q_heads;
  where.lane = where.tensor == "o" ? at % lanes : -1;
  return where;
}

Verdict report(const problem::Problem& problem, const char* tensor,
               const oracle::Deviation& deviation, std::int64_t lanes) {
  const bool is_value = deviation.failure_class == "value";
  Verdict verdict = Verdict::fail(deviation.failure_class, {},
                                  is_value ? deviation.severity : problem::kStructural);
  verdict.where = locate(problem, tensor, static_cast<std::int64_t>(deviation.first), lanes);
  verdict.expected = deviation.expected;
  verdict.got = deviation.got;
  verdict.bound = deviation.bound;
  verdict.message = std::string(tensor) + "[sequence " + std::to_string(verdict.where->sequence) +
                    ", row " + std::to_string(verdict.where->row) + ", head " +
                    std::to_string(verdict.where->head) + "] = " + number(deviation.got) +
                    ", the other call gave " + number(deviation.expected);
  if (is_value) verdict.message += " +- " + number(deviation.bound);
  return verdict;
}

}  // namespace

Verdict near(const Scene& scene_a, const Outputs& a, const Scene& scene_b, const Outputs& b,
             Harness& harness) {
  const auto& problem = scene_a.problem;
  if (problem.total_q() == 0) return Verdict::skipped("no rows to compare");
  const oracle::Expected of_a = harness.expect(scene_a, {.statistical = false});
  const oracle::Expected of_b = harness.expect(scene_b, {.statistical = false});
  const oracle::Deviation o =
      oracle::compare_near(a.o, of_a.o, b.o, of_b.o, problem.o_scale.value_or(1.0));
  if (o.bad()) return report(problem, "o", o, problem.head_dim_v);
  Verdict verdict = Verdict::pass(o.severity);
  if (a.lse.size() == 0 || b.lse.size() == 0) return verdict;
  const oracle::Deviation lse =
      oracle::compare_near(a.lse, of_a.lse, b.lse, of_b.lse, harness.lse_unit());
  if (lse.bad()) return report(problem, "lse", lse, 1);
  verdict.severity = std::max(verdict.severity, lse.severity);
  return verdict;
}

}  // namespace attest::properties
