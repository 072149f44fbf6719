#include "bench/policies/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace attest::bench {
namespace {

std::int64_t count(const std::vector<RunResult>& runs, bool RunResult::*flag) {
  return std::count_if(runs.begin(), runs.end(),
                       [flag](const RunResult& run) { return run.*flag; });
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

/// What became of a bug.
std::string_view sign(const RunResult& run) {
  if (!run.covered) return "";
  if (run.killed) return "killed";
  return run.reached ? "." : "-";
}

}  // namespace

std::string rates_table(const Results& results) {
  std::string out =
      "| check | source | bugs covered | reached | killed | of covered | of all | false alarms |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Tester& tester : results.testers) {
    const std::int64_t covered = count(tester.bugs, &RunResult::covered);
    const std::int64_t killed = count(tester.bugs, &RunResult::killed);
    const std::int64_t alarms =
        count(tester.correct, &RunResult::alarm) + count(tester.bugs, &RunResult::alarm);
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", tester.id, tester.source,
                       covered, count(tester.bugs, &RunResult::reached), killed,
                       percent(killed, covered),
                       percent(killed, static_cast<std::int64_t>(tester.bugs.size())), alarms);
  }
  return out;
}

std::string matrix_table(const Results& results) {
  std::string out = "| bug |";
  std::string rule = "|---|";
  for (const Tester& tester : results.testers) {
    out += fmt::format(" {} |", tester.id);
    rule += "---|";
  }
  out += "\n" + rule + "\n";
  for (std::size_t i = 0; i < results.bugs.size(); ++i) {
    out += fmt::format("| `{}` |", results.bugs[i].substr(results.bugs[i].find('/') + 1));
    for (const Tester& tester : results.testers) out += fmt::format(" {} |", sign(tester.bugs[i]));
    out += "\n";
  }
  return out;
}

std::string false_alarms(const Results& results) {
  std::string out;
  for (const Tester& tester : results.testers) {
    const auto list = [&](const std::vector<std::string>& names,
                          const std::vector<RunResult>& runs) {
      for (std::size_t i = 0; i < names.size(); ++i)
        if (runs[i].alarm) out += fmt::format("{} fails {}\n", tester.id, names[i]);
    };
    list(results.correct, tester.correct);
    list(results.bugs, tester.bugs);
  }
  return out;
}

}  // namespace attest::bench
