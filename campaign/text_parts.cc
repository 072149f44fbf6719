// Words and numbers of campaign/table.h.
#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "campaign/table.h"
#include "problem/program.h"
#include "problem/text.h"

namespace attest::campaign {

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  const auto numeric = [](const std::string& cell) {
    return cell.find_first_not_of("0123456789,.e+-infa") == std::string::npos;
  };
  std::vector<std::size_t> width(rows[0].size(), 0);
  std::vector<bool> right(rows[0].size(), true);
  right[0] = false;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      width[c] = std::max(width[c], rows[r][c].size());
      if (r > 0 && !numeric(rows[r][c])) right[c] = false;
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      line += right[c] ? fmt::format("{:>{}}", row[c], width[c])
                       : fmt::format("{:<{}}", row[c], width[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string folded(const std::string& first, const std::vector<std::string>& items,
                   const std::string& indent) {
  constexpr std::size_t kColumns = 100;
  std::string text;
  std::string line = first;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string word = items[i] + (i + 1 < items.size() ? "," : "");
    const bool first_in_line = line == first || line == indent;
    if (!first_in_line && line.size() + 1 + word.size() > kColumns) {
      text += line + "\n";
      line = indent;
    }
    line += (line == first || line == indent ? "" : " ") + word;
  }
  return text + line + "\n";
}

std::string duration_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  return fmt::format("{} min {:02} s", ms / 60'000, ms / 1000 % 60);
}

std::string grouped(std::int64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (count < 0 ? 1 : 0);
       at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string ratio_text(double ratio) {
  if (std::isnan(ratio)) return "nan";
  if (std::isinf(ratio)) return "inf";
  if (ratio != 0 && (ratio >= 1e4 || ratio < 1e-3)) return fmt::format("{:.1e}", ratio);
  return fmt::format("{:.3g}", ratio);
}

std::string plural(std::int64_t count, std::string_view noun) {
  if (count == 1) return fmt::format("1 {}", noun);
  if (noun.ends_with("ty")) {
    return fmt::format("{} {}ies", grouped(count), noun.substr(0, noun.size() - 1));
  }
  return fmt::format("{} {}s", grouped(count), noun);
}

std::string history_text(const problem::Case& value) {
  if (value.history.empty()) return "no check before it";
  const problem::Case& last = value.history.back();
  const bool alone = value.history.size() == 1;
  return fmt::format("{} before it on the same kernel object, {}{}: {}",
                     plural(static_cast<std::int64_t>(value.history.size()), "check"),
                     alone ? "" : "the last one ", problem::printable(last.property),
                     size_text(last));
}

std::string size_text(const problem::Case& value) {
  if (problem::is_program(value)) {
    return fmt::format("program of {}: {}",
                       plural(static_cast<std::int64_t>(value.program.calls.size()), "call"),
                       size_text(problem::tape_case(value))) +
           fmt::format(", pages of {}", value.storage.page_size);
  }
  const problem::Problem& problem = value.problem();
  std::string text = fmt::format(
      "{}, {}, {}, {}", plural(problem.batch(), "sequence"), plural(problem.total_q(), "query row"),
      plural(problem.total_kv(), "key"), plural(problem.num_q_heads, "query head"));
  if (problem.num_kv_heads != problem.num_q_heads) {
    text += fmt::format(" on {}", problem.num_kv_heads);
  }
  text += fmt::format(", head_dim {}", problem.head_dim_qk);
  if (problem.head_dim_v != problem.head_dim_qk) text += fmt::format("/{}", problem.head_dim_v);
  if (problem::is_paged(value.storage.layout)) {
    text += fmt::format(", pages of {}", value.storage.page_size);
  }
  if (!value.plan.parts.empty()) {
    text += ", " + plural(static_cast<std::int64_t>(value.plan.parts.size()), "part");
  }
  return text;
}

std::string where_text(const problem::Where& where) {
  std::string inside;
  const auto add = [&](std::string_view name, std::int64_t index) {
    if (index >= 0) inside += fmt::format("{}{} {}", inside.empty() ? "" : ", ", name, index);
  };
  add("sequence", where.sequence);
  add("row", where.row);
  add("head", where.head);
  add("lane", where.lane);
  std::string text = problem::printable(where.tensor);
  if (!inside.empty()) text += "[" + inside + "]";
  if (where.page >= 0) text += fmt::format(" in page {}", where.page);
  if (where.partition >= 0) text += fmt::format(" in part {}", where.partition);
  return text;
}

std::string suspicion_text(const problem::Suspicion& suspicion) {
  return fmt::format(
      "{} = {:.9g}, statistically expected {:.9g} +- {:.3g}: {} times that, again in {} of {} "
      "repetitions",
      where_text(suspicion.where), suspicion.got, suspicion.expected, suspicion.bound,
      ratio_text(suspicion.ratio), suspicion.runs, suspicion.runs);
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_./-+=:,@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  if (!problem::is_printable(text)) {
    std::string escaped = "$'";  // as bash, zsh and ksh read it; safe for the terminal
    for (const char c : text) escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return escaped + "'";
  }
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace attest::campaign
