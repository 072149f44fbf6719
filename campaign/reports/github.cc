// What GitHub's runners read: annotations on stdout, and the step summary.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "campaign/reports/outcome.h"
#include "campaign/reports/reports.h"
#include "campaign/table.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/property.h"

namespace attest::campaign {
namespace {

constexpr std::size_t kMaxAnnotation = 2000;

/// As the runner decodes it. A percent sign that stays would let a message hold %0A, which is a
/// line break to the runner.
std::string escaped(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : text) {
    const bool special =
        c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','));
    if (special) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(const char* level, const std::string& property_id, const std::string& title,
                       const std::string& message) {
  std::string place;
  if (const properties::Property* property = properties::find_property(property_id)) {
    place = fmt::format("file={},line={},", escaped(properties::source_file(*property), true),
                        property->line);
  }
  return fmt::format("::{} {}title={}::{}\n", level, place,
                     escaped(problem::printable(title, kMaxAnnotation), true),
                     escaped(problem::printable(message, kMaxAnnotation), false));
}

std::string of_failure(const FailureRecord& failure) {
  std::string message = failure.message;
  if (failure.seen > 1) message += fmt::format(" (seen in {})", plural(failure.seen, "case"));
  if (!failure.file.empty()) message += "; case file " + failure.file;
  if (!failure.waiver.empty()) message += "; waived: " + failure.waiver;
  return annotation(
      failure.waiver.empty() ? "error" : "warning", failure.property,
      fmt::format("{} fails on {}: {}", failure.property, failure.kernel, failure.failure_class),
      message);
}

/// Text in a page of Markdown: nothing in it is markup, a link or a mention of somebody.
std::string code(std::string_view text) {
  std::string out;
  for (const char c : problem::printable(text, kMaxAnnotation)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == ' ' || static_cast<unsigned char>(c) >= 0x80;
    out += plain ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(c));
  }
  return "<code>" + out + "</code>";
}

std::string overview(const RunRecord& record) {
  struct Row {
    std::int64_t properties = 0, cases = 0, checks = 0, failing = 0, waived = 0, idle = 0;
  };
  std::vector<std::string> order;
  std::map<std::string, Row> rows;
  for (const PairRecord& pair : record.pairs) {
    if (!rows.contains(pair.kernel)) order.push_back(pair.kernel);
    Row& row = rows[pair.kernel];
    row.cases += pair.cases;
    row.checks += pair.judged;
  }
  const std::vector<Check> checks = checks_of(record);
  for (std::size_t i = 0; i < record.pairs.size(); ++i) {
    Row& row = rows[record.pairs[i].kernel];
    ++row.properties;
    row.failing += checks[i].outcome == Outcome::kFails ? 1 : 0;
    row.waived += checks[i].outcome == Outcome::kWaived ? 1 : 0;
    row.idle += checks[i].outcome == Outcome::kNotJudged ? 1 : 0;
  }
  std::string text =
      "| kernel | properties | fail | waived | not judged | cases | checks |\n"
      "|---|--:|--:|--:|--:|--:|--:|\n";
  for (const std::string& kernel : order) {
    const Row& row = rows[kernel];
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", code(kernel), row.properties,
                        row.failing, row.waived, row.idle, grouped(row.cases), grouped(row.checks));
  }
  return text;
}

}  // namespace

std::string github_annotations(const RunRecord& record) {
  std::string text;
  for (const FailureRecord& failure : record.failures) text += of_failure(failure);
  for (const Check& check : checks_of(record)) {
    const bool failed = check.outcome == Outcome::kFails || check.outcome == Outcome::kWaived;
    const bool said = check.stored.empty() && !check.details.empty();
    if (!failed || said) continue;
    const bool waived = check.outcome == Outcome::kWaived;
    text += annotation(waived ? "warning" : "error", check.property, heading(check),
                       waived ? check.message + "; waived: " + check.waiver : check.message);
  }
  for (const WaiverNote& note : record.waivers) {
    text += annotation("warning", "", "a waiver wants attention",
                       fmt::format("waiver of {} on {} ({}): {}", note.property, note.kernel,
                                   note.owner, note.what));
  }
  for (const std::string& reason : left_open(record)) {
    text += annotation(record.state == RunState::kBroken ? "error" : "warning", "",
                       "not all that was asked for was judged", reason);
  }
  return text;
}

std::string without_commands(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    // The old form counts anywhere in a line, the new one after blanks.
    for (std::size_t at = 0; (at = line.find("##[", at)) != std::string::npos; at += 4) {
      line.replace(at, 3, "## [");
    }
    const std::size_t word = line.find_first_not_of(" \t\v\f\r");
    if (word != std::string::npos && line.compare(word, 2, "::") == 0) line.insert(word, "|");
    out += line;
    if (end == text.size()) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string summary_markdown(const RunRecord& record) {
  const std::vector<Check> checks = checks_of(record);
  const auto count = [&](Outcome outcome) {
    return std::count_if(checks.begin(), checks.end(),
                         [&](const Check& check) { return check.outcome == outcome; });
  };
  const std::vector<std::string> open = left_open(record);
  const auto failing = count(Outcome::kFails);
  std::string text = fmt::format("## attest: {}\n\n",
                                 failing > 0 ? fmt::format("{} of {} fail", failing, checks.size())
                                 : open.empty() ? "holds"
                                                : "inconclusive");
  for (const std::string& reason : open) text += "Inconclusive: " + code(reason) + "\n\n";
  text += overview(record);
  for (const auto& [outcome, title] :
       {std::pair{Outcome::kFails, "Failures"}, std::pair{Outcome::kWaived, "Waived failures"}}) {
    if (count(outcome) == 0) continue;
    text += fmt::format("\n### {}\n\n", title);
    for (const Check& check : checks) {
      if (check.outcome != outcome) continue;
      text += "- " + code(heading(check)) + ": " + code(check.message) + "\n";
      if (!check.waiver.empty()) text += "  - waived: " + code(check.waiver) + "\n";
      for (const std::string& detail : check.details) text += "  - " + code(detail) + "\n";
    }
  }
  if (!record.waivers.empty()) {
    text += "\n### Waivers that want attention\n\n";
    for (const WaiverNote& note : record.waivers) {
      text += fmt::format("- {} on {} ({}): {}\n", code(note.property), code(note.kernel),
                          code(note.owner), code(note.what));
    }
  }
  text += fmt::format("\nseed {}, {}, coverage {} of {} pairs of labels\n", record.identity.seed,
                      code(record.identity.version), grouped(record.label_pairs_seen),
                      grouped(record.label_pairs));
  return text;
}

void append_summary(const std::string& markdown, const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out << markdown;
  out.flush();
  if (out) return;
  throw SystemError(fmt::format("GITHUB_STEP_SUMMARY: cannot write '{}': {}", path_text(file),
                                std::strerror(errno)));
}

}  // namespace attest::campaign
