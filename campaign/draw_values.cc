// Contents and results of campaign/draw.h.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "campaign/draw.h"
#include "campaign/table.h"
#include "oracle/bounds.h"
#include "oracle/visible.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Elements;
using problem::Problem;

constexpr std::int64_t kMaxVectors = 8;
constexpr std::size_t kMaxLanes = 4;
constexpr std::int64_t kMaxResultRows = 5;

std::string number(double value) { return fmt::format("{:.6g}", value); }

/// One vector of a tensor: the first lanes, and how many there are.
std::string vector_text(const Elements& tensor, std::size_t first, std::size_t lanes) {
  std::string text;
  for (std::size_t lane = 0; lane < std::min(lanes, kMaxLanes); ++lane) {
    text += fmt::format(" {:>12}", number(tensor.value(first + lane)));
  }
  if (lanes > kMaxLanes) text += fmt::format("  ... {} lanes", lanes);
  return text;
}

/// What every vector of a tensor looks like, when it has several and all are alike.
std::string uniform_text(const Elements& tensor, std::size_t lanes) {
  if (lanes == 0 || lanes > kMaxLanes || tensor.size() < 2 * lanes) return {};
  const std::string first = vector_text(tensor, 0, lanes);
  for (std::size_t at = lanes; at < tensor.size(); at += lanes) {
    if (vector_text(tensor, at, lanes) != first) return {};
  }
  const std::string all =
      fmt::format("all {} alike", grouped(static_cast<std::int64_t>(tensor.size() / lanes)));
  return fmt::format("    {:<25}{}\n", all, first);
}

/// Vectors of q, k or v with their coordinates, the first few of each tensor. Of several in a row
/// that are alike only the first is shown.
std::string tensor_text(const Problem& problem, const Elements& tensor, bool is_q,
                        std::int64_t heads, std::int64_t lanes) {
  std::string text = uniform_text(tensor, static_cast<std::size_t>(lanes));
  if (!text.empty()) return text;
  std::int64_t shown = 0;
  std::int64_t all = 0;
  std::int64_t alike = 0;   // in the run at hand
  std::int64_t hidden = 0;  // in all runs
  std::string last;
  const auto end_run = [&] {
    if (alike > 0) text += fmt::format("      and {} more like it\n", alike);
    alike = 0;
  };
  std::size_t at = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const problem::Sequence& sequence = problem.sequences[static_cast<std::size_t>(b)];
    const std::int64_t tokens = is_q ? sequence.q_len : sequence.kv_len;
    all += tokens * heads;
    for (std::int64_t i = 0; i < tokens * heads && shown < kMaxVectors; ++i) {
      std::string vector = vector_text(tensor, at + static_cast<std::size_t>(i * lanes),
                                       static_cast<std::size_t>(lanes));
      const bool whole = lanes <= static_cast<std::int64_t>(kMaxLanes);
      if (whole && i > 0 && vector == last) {
        ++alike;
        ++hidden;
        continue;
      }
      end_run();
      text += fmt::format("    sequence {} {} {:<3} head {:<3}{}\n", b, is_q ? "row" : "key",
                          i / heads, i % heads, vector);
      last = std::move(vector);
      ++shown;
    }
    end_run();
    at += static_cast<std::size_t>(tokens * heads * lanes);
  }
  if (all > shown + hidden) text += fmt::format("    ... {} vectors in all\n", grouped(all));
  return text;
}

/// One line of the table of results.
std::vector<std::string> result_row(bool marked, const std::string& name,
                                    const problem::Elements& outputs, std::size_t at,
                                    const oracle::Reference& reference, double unit) {
  const double got = outputs.value(at);
  const double expected = reference.kind == oracle::Kind::kFinite
                              ? static_cast<double>(reference.value) / unit
                          : reference.kind == oracle::Kind::kPlusInf  ? HUGE_VAL
                          : reference.kind == oracle::Kind::kMinusInf ? -HUGE_VAL
                                                                      : std::nan("");
  // As it was judged: with what rounding the output once may add.
  const double exact = reference.bound / unit;
  const double bound = exact + oracle::output_rounding(outputs.type(), std::fabs(expected) + exact);
  std::string ratio;
  if (std::isfinite(expected) && std::isfinite(got)) {
    const double error = std::fabs(got - expected);
    ratio = error == 0 ? "0" : ratio_text(error / bound);
  }
  return {fmt::format("{} {}", marked ? ">" : " ", name), fmt::format("{:.9g}", expected),
          fmt::format("{:.9g}", got), fmt::format("{:.3g}", bound), ratio};
}

/// The flat row a verdict speaks of, or -1 when it is none of this problem's.
std::int64_t flat_row(const Problem& problem, const std::optional<problem::Where>& where) {
  if (!where || where->sequence < 0 || where->sequence >= problem.batch()) return -1;
  const auto& sequence = problem.sequences[static_cast<std::size_t>(where->sequence)];
  if (where->row < 0 || where->row >= sequence.q_len) return -1;
  return problem.first_row(where->sequence) + where->row;
}

std::string row_name(const Problem& problem, std::int64_t flat) {
  std::int64_t b = 0;
  while (b + 1 < problem.batch() && flat >= problem.first_row(b + 1)) ++b;
  return fmt::format("sequence {} row {}", b, flat - problem.first_row(b));
}

}  // namespace

std::string draw_values(const Case& value) {
  const Problem& problem = value.problem();
  std::string text =
      fmt::format("values    {}, seed {:#x}, {} given explicitly\n",
                  problem::name_of(value.values.distribution), value.values.seed,
                  plural(static_cast<std::int64_t>(value.values.overrides.size()), "element"));
  const problem::Inputs inputs = problem::make_inputs(problem, value.values, value.storage);
  text += "  q\n" + tensor_text(problem, inputs.q, true, problem.num_q_heads, problem.head_dim_qk);
  text +=
      "  k\n" + tensor_text(problem, inputs.k, false, problem.num_kv_heads, problem.head_dim_qk);
  text += "  v\n" + tensor_text(problem, inputs.v, false, problem.num_kv_heads, problem.head_dim_v);
  if (inputs.bias.size() > 0) {
    text += "  bias (per sequence: heads, rows, keys)\n   " +
            vector_text(inputs.bias, 0, inputs.bias.size()) + "\n";
  }
  return text;
}

std::string draw_results(const properties::Trace& trace, const problem::Verdict& verdict,
                         double lse_unit) {
  if (!trace.recorded) return {};
  const Problem& problem = trace.scene.problem;
  const auto heads = static_cast<std::size_t>(problem.num_q_heads);
  const auto lanes = static_cast<std::size_t>(problem.head_dim_v);
  const std::int64_t marked = flat_row(problem, verdict.where);
  const bool in_o = verdict.where && verdict.where->tensor == "o";
  const bool in_lse = verdict.where && verdict.where->tensor == "lse";

  std::vector<std::vector<std::string>> rows{
      {"  element", "expected", "got", "bound", "error/bound"}};
  for (const std::int64_t flat : shown_items(problem.total_q(), kMaxResultRows, marked)) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t at = static_cast<std::size_t>(flat) * heads + head;
      const bool here = flat == marked && verdict.where->head == static_cast<std::int64_t>(head);
      if (head >= 4 && !here) continue;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const bool bad = here && in_o && verdict.where->lane == static_cast<std::int64_t>(lane);
        if ((lane >= 4 && !bad) || at * lanes + lane >= trace.got.o.size()) continue;
        rows.push_back(result_row(
            bad, fmt::format("o   {} head {} lane {}", row_name(problem, flat), head, lane),
            trace.got.o, at * lanes + lane, trace.expected.o[at * lanes + lane],
            problem.o_scale.value_or(1.0)));
      }
      if (at < trace.got.lse.size()) {
        rows.push_back(result_row(here && in_lse,
                                  fmt::format("lse {} head {}", row_name(problem, flat), head),
                                  trace.got.lse, at, trace.expected.lse[at], lse_unit));
      }
    }
  }
  return "one call of the check, expected and got\n" + table_text(rows);
}

}  // namespace attest::campaign
