// The judging half of the harness: results against the oracle, and results against each other.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "properties/harness.h"
#include "properties/number.h"
#include "properties/placement.h"
#include "properties/second_look.h"
#include "properties/slots.h"
#include "properties/stopwatch.h"

namespace attest::properties {
namespace {

using problem::Elements;
using problem::Range;
using problem::Verdict;

/// Rows one verdict may refine in multiprecision before it is called inconclusive.
constexpr int kMaxRefinedRows = 64;

/// The judged query rows of a scene, flat over the batch.
std::vector<std::int64_t> judged_rows(const Scene& scene) {
  std::vector<std::int64_t> rows;
  for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
    const Range range = judged(scene, b);
    for (std::int64_t row = range.begin; row < range.end; ++row)
      rows.push_back(scene.problem.first_row(b) + row);
  }
  return rows;
}

/// Rows of `width` elements picked out of a tensor.
Elements pick_rows(const Elements& from, const std::vector<std::int64_t>& rows,
                   std::int64_t width) {
  Elements out(from.type(), rows.size() * static_cast<std::size_t>(width));
  const std::size_t bytes = static_cast<std::size_t>(width) * problem::size_of(from.type());
  if (bytes == 0) return out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(out.data() + i * bytes, from.data() + static_cast<std::size_t>(rows[i]) * bytes,
                bytes);
  }
  return out;
}

std::vector<oracle::Reference> pick_rows(const std::vector<oracle::Reference>& from,
                                         const std::vector<std::int64_t>& rows,
                                         std::int64_t width) {
  std::vector<oracle::Reference> out;
  out.reserve(rows.size() * static_cast<std::size_t>(width));
  for (std::int64_t row : rows)
    out.insert(out.end(), from.begin() + row * width, from.begin() + (row + 1) * width);
  return out;
}

/// Where element `index` of a tensor with `width` elements per query row lies.
problem::Where locate(const Scene& scene, const char* tensor, std::int64_t query_row,
                      std::int64_t index_in_row) {
  problem::Where where{.tensor = tensor};
  const auto& problem = scene.problem;
  std::int64_t b = 0;
  while (b + 1 < problem.batch() && query_row >= problem.first_row(b + 1)) ++b;
  where.sequence = b;
  where.row = query_row - problem.first_row(b);
  const bool is_o = where.tensor == "o";
  where.head = is_o ? index_in_row / problem.head_dim_v : index_in_row;
  where.lane = is_o ? index_in_row % problem.head_dim_v : -1;
  if (problem::is_paged(scene.storage.layout) && b < problem.batch()) {
    const std::int64_t position = problem.sequences[b].first_position() + where.row;
    const std::int64_t index = position / scene.storage.page_size;
    const auto& row = scene.storage.block_table[b];
    if (position >= 0 && index < static_cast<std::int64_t>(row.size())) where.page = row[index];
  }
  return where;
}

std::string describe(const problem::Where& where) {
  std::string text = where.tensor + "[sequence " + std::to_string(where.sequence) + ", row " +
                     std::to_string(where.row) + ", head " + std::to_string(where.head);
  if (where.lane >= 0) text += ", lane " + std::to_string(where.lane);
  return text + "]";
}

Verdict verdict_of(const oracle::Deviation& deviation, problem::Where where,
                   const char* reference) {
  Verdict verdict = Verdict::fail(deviation.failure_class, {}, deviation.severity);
  if (deviation.failure_class != "value") verdict.severity = problem::kStructural;
  verdict.expected = deviation.expected;
  verdict.got = deviation.got;
  verdict.bound = deviation.bound;
  verdict.message = describe(where) + " = " + number(deviation.got) + ", " + reference + " " +
                    number(deviation.expected);
  if (deviation.failure_class == "value") verdict.message += " +- " + number(deviation.bound);
  if (deviation.failure_class == "unwritten")
    verdict.message = describe(where) + " was never written";
  verdict.where = std::move(where);
  return verdict;
}

/// The worst element of a tensor beyond its statistical bound, without its place.
Suspect suspect_of(const oracle::Excess& excess, const Elements& tensor,
                   const oracle::Reference& reference, double unit) {
  Suspect suspect;
  suspect.error = excess.error;
  suspect.found.ratio = std::abs(excess.error);
  suspect.found.expected = reference.value;
  suspect.found.got = tensor.value(excess.worst) * unit;
  suspect.found.bound = std::min(reference.statistical, reference.bound);
  return suspect;
}

/// Whether the kernel's lse is that of the scene without its sinks.
bool leaves_sink_out(const kernels::KernelInfo& info, const Scene& scene) {
  return info.conventions.sink_not_in_lse != 0 && !scene.problem.sinks.empty();
}

problem::Problem without_sinks(problem::Problem problem) {
  problem.sinks.clear();
  return problem;
}

/// oracle::refine_row in the kernel's convention about the sink.
void refine(const kernels::KernelInfo& info, const Scene& scene,
            const oracle::ExpectOptions& options, std::int64_t flat_row,
            oracle::Expected& expected) {
  const oracle::Reference lse = expected.lse[static_cast<std::size_t>(flat_row)];
  oracle::refine_row(scene.problem, scene.inputs, options, flat_row, expected);
  if (!leaves_sink_out(info, scene)) return;
  oracle::Expected other{.o = expected.o, .lse = expected.lse};
  other.lse[static_cast<std::size_t>(flat_row)] = lse;
  oracle::refine_row(without_sinks(scene.problem), scene.inputs, options, flat_row, other);
  expected.lse = std::move(other.lse);
}

/// Whether bounds come out the same without statistical ones, which take a third of the oracle's
/// time. Where keys come in no order, the sums for those sharpen the bounds too.
bool bounds_stand_alone(const problem::Numerics& numerics) { return numerics.ordered_block > 0; }

}  // namespace

double Harness::lse_unit() const { return properties::lse_unit(info()); }

oracle::Expected Harness::expect(const Scene& scene, const oracle::ExpectOptions& wanted) {
  const Stopwatch watch(statistics_.oracle_ns);
  const auto& conventions = info().conventions;
  const problem::Numerics numerics = info().declared_numerics(scene.problem.q_dtype);
  oracle::ExpectOptions options = wanted;
  if (!second_looks_ && !recording_ && bounds_stand_alone(numerics)) options.statistical = false;
  oracle::Expected expected = oracle::expect_attend(scene.problem, scene.inputs, numerics, options);
  // The conventions speak of attend; the empty state is (0, -inf) by the contract. A sink alone
  // makes o an ordinary 0.
  const bool whole = options.keys.empty();
  if (whole && conventions.empty_o == ATTEST_EMPTY_O_NAN) {
    const auto width = static_cast<std::size_t>(scene.problem.head_dim_v);
    for (std::size_t i = 0; i < expected.o.size(); ++i) {
      if (expected.lse[i / width].kind == oracle::Kind::kMinusInf)
        expected.o[i].kind = oracle::Kind::kNaN;
    }
  }
  if (leaves_sink_out(info(), scene)) {
    expected.lse =
        oracle::expect_attend(without_sinks(scene.problem), scene.inputs, numerics, options).lse;
  }
  if (whole && conventions.empty_lse == ATTEST_EMPTY_LSE_PLUS_INF) {
    for (oracle::Reference& lse : expected.lse) {
      if (lse.kind == oracle::Kind::kMinusInf) lse.kind = oracle::Kind::kPlusInf;
    }
  }
  return expected;
}

Verdict Harness::judge(const Scene& scene, oracle::Expected expected, const Outputs& got,
                       const JudgeOptions& options) {
  if (recording_ && !trace_.recorded) trace_ = Trace{scene, expected, got, true};
  std::optional<Suspect> suspect;
  Verdict verdict = judge_once(scene, std::move(expected), got, options, suspect);
  if (suspect && second_looks_ && options.again && verdict.status == problem::Status::kPass) {
    ++statistics_.second_looks;
    verdict.suspicion = look_again(*this, scene, options.options, *suspect, options.again);
  }
  return verdict;
}

Verdict Harness::judge_once(const Scene& scene, oracle::Expected expected, const Outputs& got,
                            const JudgeOptions& options, std::optional<Suspect>& suspect) {
  const Stopwatch watch(statistics_.oracle_ns);
  const std::vector<std::int64_t> rows = judged_rows(scene);
  if (rows.empty()) return Verdict::skipped("no rows to judge");
  double worst = 0;
  bool inconclusive = false;
  std::int64_t judged = 0, vacuous = 0;
  auto judge_tensor = [&](const char* name, const Elements& tensor,
                          std::vector<oracle::Reference>& references, std::int64_t width,
                          double unit, std::int64_t per_head) -> std::optional<Verdict> {
    const bool all = rows.size() * static_cast<std::size_t>(width) == references.size();
    const Elements picked = all ? tensor : pick_rows(tensor, rows, width);
    int refined = 0;
    for (std::int64_t last = -1;;) {
      std::vector<oracle::Reference> part;
      if (!all) part = pick_rows(references, rows, width);
      const std::vector<oracle::Reference>& wanted = all ? references : part;
      const oracle::Deviation deviation = oracle::compare(picked, wanted, unit);
      if (refined == 0) {
        statistics_.vacuous += deviation.vacuous;
        vacuous += deviation.vacuous;
        judged += std::ssize(wanted);
      }
      const bool decided =
          !deviation.escalate && (!deviation.bad() || deviation.failure_class == "unwritten");
      const auto at =
          static_cast<std::int64_t>(deviation.bad() ? deviation.first : deviation.escalate_at);
      const std::int64_t query_row =
          width > 0 && !rows.empty() ? rows[static_cast<std::size_t>(at / width)] : 0;
      const std::int64_t flat_row = query_row * scene.problem.num_q_heads +
                                    (at % std::max<std::int64_t>(width, 1)) / per_head;
      // A failure is never reported before the definition has confirmed it.
      const bool enough = refined >= kMaxRefinedRows && !deviation.bad();
      if (decided || flat_row == last || enough) {
        // After refinement the multiprecision definition has spoken for the row in question.
        if (deviation.bad())
          return verdict_of(deviation, locate(scene, name, query_row, at % width), "expected");
        if (deviation.escalate) inconclusive = true;
        const oracle::Excess& excess = deviation.excess;
        if (std::abs(excess.error) > (suspect ? std::abs(suspect->error) : 0)) {
          suspect = suspect_of(excess, picked, wanted[excess.worst], unit);
          const auto in_picked = static_cast<std::int64_t>(excess.worst);
          const std::int64_t row = rows[static_cast<std::size_t>(in_picked / width)];
          suspect->found.where = locate(scene, name, row, in_picked % width);
          suspect->index = static_cast<std::size_t>(row * width + in_picked % width);
        }
        worst = std::max(worst, deviation.severity);
        return std::nullopt;
      }
      refine(info(), scene, options.options, flat_row, expected);
      ++statistics_.escalations;
      ++refined;
      last = flat_row;
    }
  };
  const auto& problem = scene.problem;
  if (options.o) {
    if (auto bad = judge_tensor("o", got.o, expected.o, problem.num_q_heads * problem.head_dim_v,
                                problem.o_scale.value_or(1.0), problem.head_dim_v)) {
      return *bad;
    }
  }
  if (options.lse && got.lse.size() > 0) {
    if (auto bad = judge_tensor("lse", got.lse, expected.lse, problem.num_q_heads, lse_unit(), 1))
      return *bad;
  }
  Verdict verdict = Verdict::pass(worst);
  // Where nothing could be told, nothing has passed.
  inconclusive = inconclusive || (judged > 0 && vacuous == judged);
  if (inconclusive) verdict.status = problem::Status::kInconclusive;
  return verdict;
}

Verdict Harness::same(const Scene& scene, const Outputs& a, const Outputs& b, bool exact,
                      const std::vector<RowPair>& pairs, const oracle::ExpectOptions& options) {
  std::vector<std::int64_t> rows_a, rows_b;
  if (pairs.empty()) {
    rows_a = rows_b = judged_rows(scene);
  } else {
    for (const RowPair& pair : pairs) {
      rows_a.push_back(pair.a);
      rows_b.push_back(pair.b);
    }
  }
  if (rows_a.empty()) return Verdict::skipped("no rows to compare");
  const auto& problem = scene.problem;
  oracle::ExpectOptions plain = options;
  if (!recording_ && bounds_stand_alone(info().declared_numerics(scene.problem.q_dtype)))
    plain.statistical = false;
  std::optional<oracle::Expected> expected;
  if (!exact) expected = expect(scene, plain);
  if (recording_ && !trace_.recorded) {
    trace_ = Trace{scene, exact ? expect(scene, plain) : *expected, a, true};
  }
  double worst = 0;
  auto compare = [&](const char* name, const Elements& ta, const Elements& tb, std::int64_t width,
                     double unit,
                     const std::vector<oracle::Reference>* references) -> std::optional<Verdict> {
    const Elements pa = pick_rows(ta, rows_a, width);
    const Elements pb = pick_rows(tb, rows_b, width);
    oracle::Deviation deviation;
    if (exact) {
      deviation = oracle::compare_bits(pa, pb);
    } else {
      const auto bounds = pick_rows(*references, rows_a, width);
      deviation = oracle::compare_pair(pa, bounds, pb, bounds, unit);
      statistics_.vacuous += deviation.vacuous;
    }
    worst = std::max(worst, deviation.severity);
    if (!deviation.bad()) return std::nullopt;
    const auto at = static_cast<std::int64_t>(deviation.first);
    return verdict_of(
        deviation, locate(scene, name, rows_a[static_cast<std::size_t>(at / width)], at % width),
        exact ? "where equal bits were due the other run gave" : "the other run gave");
  };
  if (auto bad = compare("o", a.o, b.o, problem.num_q_heads * problem.head_dim_v,
                         problem.o_scale.value_or(1.0), expected ? &expected->o : nullptr)) {
    return *bad;
  }
  if (a.lse.size() > 0 && b.lse.size() > 0) {
    if (auto bad = compare("lse", a.lse, b.lse, problem.num_q_heads, lse_unit(),
                           expected ? &expected->lse : nullptr)) {
      return *bad;
    }
  }
  return Verdict::pass(worst);
}

}  // namespace attest::properties
