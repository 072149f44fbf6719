#include "campaign/show.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "campaign/draw.h"
#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/replay.h"
#include "campaign/select.h"
#include "campaign/sharpness.h"
#include "campaign/shrink_loop.h"
#include "campaign/table.h"
#include "oracle/visible.h"
#include "problem/errors.h"
#include "problem/program.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

// The narrowest tile of keys that kernels work in (one tensor core step); a bug at a tile boundary
// shows as a multiple of it.
constexpr std::int64_t kTile = 16;

std::string header(const StoredCase& stored) {
  const problem::Case& value = stored.value;
  std::string text = fmt::format("case      {}\n", path_text(stored.path));
  text += fmt::format("property  {}: {}\n", stored.property->id, stored.property->claim);
  if (!value.kernel.empty())
    text += fmt::format("found on  {}\n", problem::printable(value.kernel));
  if (value.expected) {
    text += fmt::format("recorded  {} {}\n", problem::name_of(value.expected->status),
                        problem::printable(value.expected->failure_class));
  }
  if (!value.history.empty()) text += fmt::format("needs     {}\n", history_text(value));
  if (value.shrink) text += fmt::format("shrunk    {}\n", shrink_text(*value.shrink));
  if (!value.note.empty()) text += fmt::format("note      {}\n", problem::printable(value.note));
  return text;
}

std::string outcome(const StoredCase& stored, const Shown& shown) {
  const problem::Verdict& verdict = shown.verdict;
  std::string text = fmt::format("verdict   {} on {}", problem::name_of(verdict.status),
                                 problem::printable(shown.kernel));
  if (!verdict.failure_class.empty()) {
    text += fmt::format(", class {}", problem::printable(verdict.failure_class));
  }
  text += std::isfinite(verdict.severity)
              ? fmt::format(", error/bound {}\n", ratio_text(verdict.severity))
              : "\n";
  if (!verdict.message.empty()) {
    text += fmt::format("  {}\n", problem::printable(verdict.message, 600));
  }
  if (shown.sharpness) text += fmt::format("sees      {}\n", sharpness_text(*shown.sharpness));
  if (verdict.suspicion) {
    text += fmt::format("suspect   {}\n", suspicion_text(*verdict.suspicion));
  }
  // Damage to a buffer has a place, but no element.
  if (verdict.failed() && verdict.where && verdict.where->row >= 0) {
    text += fmt::format("  first bad element: {}\n", where_text(*verdict.where));
    if (verdict.failure_class != "unwritten") {  // what was there before is no result
      text += fmt::format("  expected {:.9g}, got {:.9g}, bound {:.3g}\n", verdict.expected,
                          verdict.got, verdict.bound);
    }
    const std::string row = bad_row_text(stored.value, *verdict.where);
    if (!row.empty()) text += fmt::format("  {}\n", row);
  }
  return text;
}

/// Lines that are longer than a screen is wide go on in the next one.
std::string wrapped(const std::string& text) {
  constexpr std::size_t kColumns = 120;
  constexpr std::size_t kIndent = 10;
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (line.size() > kColumns) {
      const std::size_t blank = line.rfind(' ', kColumns);
      if (blank == std::string::npos || blank <= 2 * kIndent) break;
      result += line.substr(0, blank) + "\n";
      line = std::string(kIndent, ' ') + line.substr(blank + 1);
    }
    result += line + "\n";
    at = end + 1;
  }
  return result;
}

}  // namespace

std::string bad_row_text(const problem::Case& value, const problem::Where& where) {
  const problem::Problem& problem = value.problem();
  if (problem::is_program(value)) return {};  // the sequence is one of the failed call
  if (where.sequence < 0 || where.sequence >= problem.batch()) return {};
  const auto& sequence = problem.sequences[static_cast<std::size_t>(where.sequence)];
  if (where.row < 0 || where.row >= sequence.q_len) return {};
  std::string text = fmt::format("row {} is at position {}", where.row,
                                 oracle::query_position(problem, where.sequence, where.row));
  const auto [first, last] = oracle::visible_range(problem, where.sequence, where.row);
  std::int64_t seen = -1;
  for (std::int64_t key = first; key < last; ++key) {
    if (oracle::visible(problem, where.sequence, where.row, key)) seen = key;
  }
  if (seen < 0) return text + "; no key is visible to it";
  text += fmt::format("; its last visible key is {}, in tile {} (of {} keys)", seen, seen / kTile,
                      kTile);
  if (problem::is_paged(value.storage.layout)) {
    const std::int64_t block = seen / value.storage.page_size;
    const auto& table = value.storage.block_table[static_cast<std::size_t>(where.sequence)];
    text += fmt::format(", slot {} of page {} (block {})", seen % value.storage.page_size,
                        table[static_cast<std::size_t>(block)], block);
  }
  return text;
}

std::string drawing(const StoredCase& stored, const std::optional<Shown>& shown) {
  const problem::Case& value = stored.value;
  const std::optional<problem::Where> where =
      shown && shown->verdict.failed() ? shown->verdict.where : std::nullopt;
  std::string text = header(stored) + draw_problem(value);
  if (problem::is_program(value)) {
    text += draw_program(value) + draw_poisons(value) + draw_values(problem::tape_case(value));
  } else {
    text += draw_storage(value, where) + draw_plan(value) + draw_poisons(value) +
            draw_masks(value, where) + draw_values(value);
  }
  if (!shown) return wrapped(text + "verdict   not run: no kernel here serves it\n");
  return wrapped(text + draw_results(shown->trace, shown->verdict, shown->lse_unit) +
                 outcome(stored, *shown));
}

std::string show(const ShowOptions& options) {
  const std::vector<StoredCase> read = read_stored({options.path});
  const StoredCase& stored = read.front();
  std::vector<kernels::KernelInfo> selected;
  if (!options.kernels.empty()) selected = select_kernels(options.kernels);
  const std::vector<kernels::KernelInfo> kernels = kernels_for(stored, selected);
  if (kernels.empty()) return drawing(stored, std::nullopt);

  const auto session = kernels::open_session(kernels.front(), options.session);
  properties::Harness harness(*session);
  harness.record(true);
  harness.second_looks(true);
  Shown shown;
  shown.verdict = run_stored(stored, harness);
  shown.kernel = kernels.front().name;
  shown.trace = harness.trace();
  shown.lse_unit = harness.lse_unit();
  if (shown.verdict.status != problem::Status::kSkipped)
    shown.sharpness = sharpness(stored.value, kernels.front());
  return drawing(stored, shown);
}

}  // namespace attest::campaign
