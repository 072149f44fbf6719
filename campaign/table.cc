#include "campaign/table.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "campaign/sharpness.h"
#include "corpus/case_file.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

/// One kernel: sums over its pairs; `failing` and `worst` over stored cases too.
struct KernelRow {
  std::int64_t properties = 0, applicable = 0, failing = 0, suspicious = 0;
  std::int64_t cases = 0, judged = 0;
  double worst = 0;
  std::set<std::string_view> stops;
};

KernelRow sum_of(const Options& options, const Report& report, std::size_t kernel) {
  KernelRow sum;
  std::set<std::string_view> failing;
  for (const PairResult& result : report.pairs) {
    if (result.pair.kernel != kernel) continue;
    ++sum.applicable;
    if (result.judged > 0) ++sum.properties;
    if (result.first_failure) failing.insert(result.pair.property->id);
    sum.cases += result.cases;
    sum.judged += result.judged;
    sum.worst = std::max(sum.worst, result.worst);
    sum.stops.insert(stop_text(result.stop));
  }
  for (const StoredResult& result : report.stored) {
    if (result.kernel != options.kernels[kernel].name || !result.verdict) continue;
    if (result.verdict->failed()) failing.insert(result.property->id);
    if (std::isfinite(result.verdict->severity)) {
      sum.worst = std::max(sum.worst, result.verdict->severity);
    }
  }
  for (const SuspiciousCase& suspicious : report.suspicious) {
    if (suspicious.pair.kernel == kernel) ++sum.suspicious;
  }
  sum.failing = static_cast<std::int64_t>(failing.size());
  return sum;
}

std::string stops_text(const KernelRow& sum) {
  std::string text;
  for (const std::string_view stop : sum.stops) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", stop);
  }
  return text;
}

std::string nothing_judged(const Options& options, const Report& report) {
  std::string text;
  for (const PairResult& result : report.pairs) {
    if (result.judged > 0 || result.first_failure) continue;
    const std::string why =
        result.cases == 0
            ? "never run"
            : fmt::format("{}: {} skipped, {} inconclusive", plural(result.cases, "case"),
                          grouped(result.skipped), grouped(result.inconclusive));
    text +=
        fmt::format("  {}  {}  {}\n", problem::printable(options.kernels[result.pair.kernel].name),
                    result.pair.property->id, why);
  }
  return text.empty() ? text : "nothing judged, so inconclusive:\n" + text;
}

}  // namespace

std::string_view stop_text(Stop stop) {
  switch (stop) {
    case Stop::kCases:
      return "cases done";
    case Stop::kTime:
      return "time";
    case Stop::kFailure:
      return "failure";
    case Stop::kInterrupted:
      return "interrupted";
  }
  return "?";
}

std::string replay_line(const std::string& command, const kernels::KernelInfo* kernel,
                        const std::filesystem::path& path) {
  std::string line = command + " replay";
  if (kernel != nullptr && !kernel->library.empty()) {
    line += " --kernel " + shell_word(kernel->library);
  }
  return line + " " + shell_word(path.string());
}

std::string failure_text(const Options& options, const Failure& failure,
                         const std::string& command) {
  const kernels::KernelInfo& kernel = options.kernels[failure.pair.kernel];
  const problem::Verdict& verdict = failure.verdict;
  std::string text =
      fmt::format("{:<5} {}  {}\n", verdict.status == problem::Status::kFlaky ? "FLAKY" : "FAIL",
                  problem::printable(kernel.name), failure.pair.property->id);
  const auto add = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<8} {}\n", name, value);
  };
  add("claim", failure.pair.property->claim);
  add("class", std::isfinite(verdict.severity)
                   ? fmt::format("{}, error/bound {}", problem::printable(verdict.failure_class),
                                 ratio_text(verdict.severity))
                   : problem::printable(verdict.failure_class));
  if (!verdict.message.empty()) add("message", problem::printable(verdict.message, 600));
  if (verdict.where) add("where", where_text(*verdict.where));
  // A single key always weighs 1; that a minimal case sees no weights is no news then.
  const std::optional<double> sees = sharpness(failure.minimal, kernel);
  if (sees && std::isfinite(*sees)) add("sees", sharpness_text(*sees));
  if (!failure.minimal.history.empty()) add("needs", history_text(failure.minimal));
  if (failure.shrunk) {
    add("drawn", fmt::format("case {}: {}", failure.k, size_text(failure.original)));
    add("shrunk", fmt::format("to {}", size_text(failure.minimal)));
    if (failure.minimal.shrink) add("", shrink_text(*failure.minimal.shrink));
  } else {
    add("drawn", fmt::format("case {}: {}", failure.k, size_text(failure.minimal)));
    add("shrunk", "no, " + failure.why_not_shrunk);
  }
  if (!failure.why_not_saved.empty()) return text + "  not saved: " + failure.why_not_saved + "\n";
  return text + "  " + replay_line(command, &kernel, failure.path) + "\n";
}

std::string suspicious_text(const Options& options, const SuspiciousCase& suspicious,
                            const std::string& command) {
  const kernels::KernelInfo& kernel = options.kernels[suspicious.pair.kernel];
  const std::optional<double> sees = sharpness(suspicious.value, kernel);
  std::string text = fmt::format(
      "suspicious  {}  {}\n"
      "  {}\n"
      "  inside the error bound, so no failure, but keys in other orders and inputs a little off "
      "do not end it\n"
      "  drawn    case {}: {}\n"
      "{}",
      problem::printable(kernel.name), suspicious.pair.property->id,
      suspicion_text(suspicious.suspicion), suspicious.k, size_text(suspicious.value),
      sees ? fmt::format("  sees     {}\n", sharpness_text(*sees)) : "");
  if (!suspicious.why_not_saved.empty()) {
    return text + "  not saved: " + suspicious.why_not_saved + "\n";
  }
  return text + "  " + replay_line(command, &kernel, suspicious.path) + "\n";
}

std::string stored_text(const Options& options, const Report& report, const std::string& command) {
  if (report.stored.empty()) return {};
  std::int64_t held = 0;
  std::int64_t run = 0;
  std::int64_t too_late = 0;
  std::vector<std::string> not_served;
  std::string exceptions;
  for (const StoredResult& result : report.stored) {
    const std::string path = path_text(result.path);
    if (!result.verdict && !result.kernel.empty()) {
      ++too_late;
      continue;
    }
    if (!result.verdict) {
      const std::string file = problem::printable(result.path.filename().string());
      not_served.push_back(file.substr(0, file.rfind(corpus::kCaseSuffix)));
      continue;
    }
    ++run;
    const bool holds = result.verdict->status == problem::Status::kPass;
    if (holds) ++held;
    if (holds && !result.verdict->suspicion) continue;
    const auto kernel =
        std::find_if(options.kernels.begin(), options.kernels.end(),
                     [&](const kernels::KernelInfo& info) { return info.name == result.kernel; });
    exceptions +=
        fmt::format("{}  {}  {}  {}\n  {}\n  {} replay --kernel {} {}\n",
                    holds                      ? "suspicious"
                    : result.verdict->failed() ? "FAIL"
                                               : problem::name_of(result.verdict->status),
                    problem::printable(result.kernel), result.property->id, path,
                    holds ? suspicion_text(*result.verdict->suspicion)
                          : problem::printable(result.verdict->message),
                    command, shell_word(kernel->library.empty() ? kernel->name : kernel->library),
                    shell_word(result.path.string()));
  }
  std::string text = fmt::format("stored cases: {} of {} hold\n", held, plural(run, "check"));
  if (too_late > 0) {
    text += fmt::format("  {} not run for lack of time; attest replay FOLDER runs all of them\n",
                        plural(too_late, "check"));
  }
  if (!not_served.empty()) {
    text += folded("  not run, since no selected kernel serves them: ", not_served, "    ");
  }
  return text + exceptions;
}

std::string closing_table(const Options& options, const Report& report) {
  std::vector<std::vector<std::string>> rows{
      {"kernel", "properties", "cases", "checks", "worst error/bound", "verdict", "stopped by"}};
  std::vector<std::string> left_out;
  for (std::size_t kernel = 0; kernel < options.kernels.size(); ++kernel) {
    const KernelRow sum = sum_of(options, report, kernel);
    if (sum.applicable == 0) {
      left_out.push_back(problem::printable(options.kernels[kernel].name));
      continue;
    }
    std::string verdict = sum.failing > 0   ? "FAILS " + plural(sum.failing, "property")
                          : sum.judged == 0 ? "inconclusive"
                                            : "holds";
    if (sum.suspicious > 0) verdict += fmt::format(", {} suspicious", sum.suspicious);
    rows.push_back({problem::printable(options.kernels[kernel].name), grouped(sum.properties),
                    grouped(sum.cases), grouped(sum.judged), ratio_text(sum.worst), verdict,
                    stops_text(sum)});
  }
  std::string text = table_text(rows);
  if (!left_out.empty()) {
    constexpr std::size_t kMostNamed = 8;
    if (left_out.size() > kMostNamed + 1) {
      const std::string more = fmt::format("and {} more", left_out.size() - kMostNamed);
      left_out.resize(kMostNamed);
      left_out.push_back(more);
    }
    text += folded("not run, since no selected property applies to them: ", left_out, "  ");
  }
  return text + nothing_judged(options, report);
}

namespace {

const char* device_text(DeviceUse use) {
  switch (use) {
    case DeviceUse::kNone:
      break;
    case DeviceUse::kInTurns:
      return ", in turns on the device";
    case DeviceUse::kSideBySide:
      return ", side by side on the device";
    case DeviceUse::kOwnService:
      return ", under the multi-process service that runs already";
    case DeviceUse::kLeft:
      return ", in turns on the device since a process died";
  }
  return "";
}

}  // namespace

std::string totals_text(const Report& report) {
  std::int64_t cases = 0;
  std::int64_t judged = 0;
  for (const PairResult& result : report.pairs) {
    cases += result.cases;
    judged += result.judged;
  }
  const double seconds = std::max(static_cast<double>(report.search.count()) / 1000.0, 1e-3);
  const auto share = [&](std::int64_t ns) {
    return report.total_ns == 0
               ? 0.0
               : 100.0 * static_cast<double>(ns) / static_cast<double>(report.total_ns);
  };
  std::string text = fmt::format(
      "{}, {} in {} on {}: {} checks/s{}\n"
      "time: generation {:.0f} %, oracle {:.0f} %, kernels {:.0f} %; elements escalated to the "
      "definition: {}, vacuous: {}; second looks: {}\n",
      plural(cases, "case"), plural(judged, "check"), duration_text(report.search),
      plural(report.jobs, "lane"),
      grouped(static_cast<std::int64_t>(static_cast<double>(judged) / seconds)),
      device_text(report.device), share(report.generate_ns), share(report.oracle_ns),
      share(report.kernel_ns), grouped(report.escalations), grouped(report.vacuous),
      grouped(report.second_looks));
  if (report.needy_pairs > 0) {
    text += fmt::format(
        "need: {} of {} went on to meet new labels or pairs of them; the others got a quarter of "
        "their time\n",
        grouped(report.needy_pairs),
        plural(static_cast<std::int64_t>(report.pairs.size()), "kernel and property"));
  }
  if (report.interrupted) text += "interrupted: this is what was done so far\n";
  return text;
}

/// What an exhaustive run covered, or nothing.
std::string scope_text(const Options& options, const Report& report) {
  if (!options.exhaustive) return {};
  std::int64_t problems = 0;
  std::int64_t whole = 0;
  for (const PairResult& result : report.pairs) {
    problems += result.sequences;
    whole += result.stop == Stop::kCases ? 1 : 0;
  }
  const auto all = static_cast<std::int64_t>(report.pairs.size());
  return fmt::format("exhaustive: {} problems of up to 4 tokens, {} of {} scopes to the end\n",
                     grouped(problems), whole, all);
}

std::string report_text(const Options& options, const Report& report, const std::string& command) {
  std::string text = stored_text(options, report, command);
  if (!text.empty()) text += "\n";
  for (const Failure& failure : report.failures) {
    text += failure_text(options, failure, command) + "\n";
  }
  for (const SuspiciousCase& suspicious : report.suspicious) {
    text += suspicious_text(options, suspicious, command) + "\n";
  }
  text += closing_table(options, report) + totals_text(report) + scope_text(options, report) +
          coverage_line(report.coverage);
  if (options.coverage) text += "\n" + coverage_table(report.coverage, options.kernels);
  return text;
}

}  // namespace attest::campaign
