// Masks of campaign/draw.h.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "campaign/draw.h"
#include "campaign/table.h"
#include "oracle/visible.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Problem;

constexpr std::int64_t kMaxGrids = 4;
constexpr std::int64_t kMaxRows = 20;
constexpr std::int64_t kMaxKeys = 56;

char letter_of(PoisonKind kind) {
  switch (kind) {
    case PoisonKind::kNaN:
      return 'N';
    case PoisonKind::kPlusInf:
      return 'I';
    case PoisonKind::kMinusInf:
      return 'J';
    case PoisonKind::kLargest:
      return 'L';
    case PoisonKind::kDominating:
      return 'D';
  }
  return '?';
}

/// What stands in the column of a key that no row of its sequence sees.
char hidden_mark(const Case& value, std::int64_t b, std::int64_t key) {
  const Problem& problem = value.problem();
  std::int64_t last = problem.sequences[static_cast<std::size_t>(b)].first_position() - 1;
  for (std::int64_t row = 0; row < problem.sequences[static_cast<std::size_t>(b)].q_len; ++row) {
    last = std::max(last, oracle::query_position(problem, b, row));
  }
  const bool future = oracle::key_position(problem, b, key) > last;
  for (const problem::Poison& poison : value.poisons) {
    if (poison.place == (future ? PoisonPlace::kFuture : PoisonPlace::kOutsideWindow)) {
      return letter_of(poison.kind);
    }
  }
  return '.';
}

/// Columns of a grid: which keys, and where each stands.
struct Columns {
  std::vector<std::int64_t> keys;
  std::vector<std::size_t> at;  ///< of keys[i] in the line
  std::string blank;            ///< a line with bars and gaps, nothing else
};

Columns lay_out(const Case& value, std::int64_t kv_len) {
  Columns columns;
  columns.keys = shown_items(kv_len, kMaxKeys);
  const std::int64_t page = value.storage.page_size;
  // Bars for pages of one token would say nothing.
  const bool bars = problem::is_paged(value.storage.layout) && page > 1;
  for (std::size_t i = 0; i < columns.keys.size(); ++i) {
    const std::int64_t key = columns.keys[i];
    if (i > 0 && key != columns.keys[i - 1] + 1) {
      columns.blank += " .. ";
    } else if (i > 0 && bars && key % page == 0) {
      columns.blank += '|';
    }
    columns.at.push_back(columns.blank.size());
    columns.blank += ' ';
  }
  return columns;
}

/// Key numbers above the grid, as many as find room.
std::string ruler(const Columns& columns) {
  std::string line(columns.blank.size() + 8, ' ');
  std::size_t free_from = 0;
  for (std::size_t i = 0; i < columns.keys.size(); ++i) {
    const bool gap = i > 0 && columns.keys[i] != columns.keys[i - 1] + 1;
    if (columns.keys[i] % 5 != 0 && !gap) continue;
    const std::string number = std::to_string(columns.keys[i]);
    if (columns.at[i] < free_from) continue;
    line.replace(columns.at[i], number.size(), number);
    free_from = columns.at[i] + number.size() + 1;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string grid(const Case& value, std::int64_t b, std::int64_t marked_row) {
  const Problem& problem = value.problem();
  const problem::Sequence& sequence = problem.sequences[static_cast<std::size_t>(b)];
  std::string text = fmt::format("  sequence {}: {}, {}\n", b, plural(sequence.q_len, "query row"),
                                 plural(sequence.kv_len, "key"));
  if (sequence.q_len == 0 || sequence.kv_len == 0) return text;

  const Columns columns = lay_out(value, sequence.kv_len);
  text += fmt::format("    {:<22}{}\n", "row  position     key", ruler(columns));
  const std::vector<std::int64_t> rows = shown_items(sequence.q_len, kMaxRows, marked_row);
  std::vector<bool> heard(columns.keys.size(), false);
  for (std::int64_t row = 0; row < sequence.q_len; ++row) {
    for (std::size_t i = 0; i < columns.keys.size(); ++i) {
      if (!heard[i] && oracle::visible(problem, b, row, columns.keys[i])) heard[i] = true;
    }
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r > 0 && rows[r] != rows[r - 1] + 1) {
      text += fmt::format("    ... {} rows ...\n", rows[r] - rows[r - 1] - 1);
    }
    std::string line = columns.blank;
    for (std::size_t i = 0; i < columns.keys.size(); ++i) {
      const bool visible = oracle::visible(problem, b, rows[r], columns.keys[i]);
      line[columns.at[i]] = visible ? '#' : heard[i] ? '.' : hidden_mark(value, b, columns.keys[i]);
    }
    text += fmt::format("  {} {:<4} {:<17}{}\n", rows[r] == marked_row ? '>' : ' ', rows[r],
                        oracle::query_position(problem, b, rows[r]), line);
  }
  return text;
}

}  // namespace

std::vector<std::int64_t> shown_items(std::int64_t count, std::int64_t most, std::int64_t focus) {
  std::vector<std::int64_t> items;
  const auto add = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = std::max<std::int64_t>(first, 0); i < std::min(last, count); ++i) {
      if (items.empty() || i > items.back()) items.push_back(i);
    }
  };
  if (count <= most) {
    add(0, count);
    return items;
  }
  const bool inside = focus >= 0 && focus < count;
  const std::int64_t part = inside ? most / 3 : most / 2;
  add(0, part);
  if (inside) add(focus - part / 2, focus - part / 2 + part);
  add(count - part, count);
  return items;
}

std::string draw_masks(const Case& value, const std::optional<problem::Where>& where) {
  const Problem& problem = value.problem();
  std::string text = "mask  ('#' visible, '.' hidden";
  std::string known;
  for (const problem::Poison& poison : value.poisons) {
    const char letter = letter_of(poison.kind);
    const bool in_mask =
        poison.place == PoisonPlace::kFuture || poison.place == PoisonPlace::kOutsideWindow;
    if (!in_mask || known.find(letter) != std::string::npos) continue;
    known += letter;
    text += fmt::format(", '{}' hidden and {}", letter, problem::name_of(poison.kind));
  }
  text += ")\n";
  const std::int64_t marked = where ? where->sequence : -1;
  const std::vector<std::int64_t> shown = shown_items(problem.batch(), kMaxGrids, marked);
  for (const std::int64_t b : shown) text += grid(value, b, b == marked ? where->row : -1);
  const auto left_out = problem.batch() - static_cast<std::int64_t>(shown.size());
  if (left_out > 0) text += fmt::format("  ... and {} more sequences\n", left_out);
  return text;
}

}  // namespace attest::campaign
