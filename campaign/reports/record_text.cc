// A record for people, and what a run folder holds of reports.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "campaign/reports/outcome.h"
#include "campaign/reports/reports.h"
#include "campaign/table.h"
#include "corpus/file_io.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

struct KernelSum {
  std::int64_t properties = 0, cases = 0, judged = 0, failing = 0, waived = 0;
  double worst = 0;
};

std::string verdict(const KernelSum& sum) {
  std::string text = sum.failing > 0  ? "FAILS " + plural(sum.failing, "property")
                     : sum.judged > 0 ? "holds"
                     : sum.waived > 0 ? "fails"
                                      : "inconclusive";
  if (sum.waived > 0) text += fmt::format(", {} waived", sum.waived);
  return text;
}

std::string notes_text(const RunRecord& record) {
  std::string text;
  for (const WaiverNote& note : record.waivers) {
    text += fmt::format("waiver of {} on {} ({}): {}\n", problem::printable(note.property),
                        problem::printable(note.kernel), problem::printable(note.owner),
                        problem::printable(note.what));
  }
  return text;
}

}  // namespace

std::string waivers_text(const RunRecord& record) {
  std::string text;
  for (const Check& check : checks_of(record)) {
    if (check.outcome != Outcome::kWaived) continue;
    text += fmt::format("waived: {}: {}\n", heading(check), check.waiver);
  }
  return text + notes_text(record);
}

std::string record_text(const RunRecord& record) {
  const std::vector<Check> checks = checks_of(record);
  std::string text;
  for (const Check& check : checks) {
    const bool failed = check.outcome == Outcome::kFails || check.outcome == Outcome::kWaived;
    if (!failed) continue;
    text += fmt::format(
        "{}  {}  {}{}\n  {}\n", check.outcome == Outcome::kFails ? "FAIL" : "waived", check.kernel,
        check.property, check.stored.empty() ? "" : "  " + check.stored, check.message);
    if (!check.waiver.empty()) text += fmt::format("  waiver: {}\n", check.waiver);
    for (const std::string& detail : check.details) text += fmt::format("  {}\n", detail);
    text += "\n";
  }
  std::vector<std::string> order;
  std::map<std::string, KernelSum> sums;
  std::int64_t cases = 0, judged = 0;
  for (std::size_t i = 0; i < record.pairs.size(); ++i) {
    const PairRecord& pair = record.pairs[i];
    if (!sums.contains(pair.kernel)) order.push_back(pair.kernel);
    KernelSum& sum = sums[pair.kernel];
    ++sum.properties;
    sum.cases += pair.cases;
    sum.judged += pair.judged;
    sum.worst = std::max(sum.worst, pair.worst);
    sum.failing += checks[i].outcome == Outcome::kFails ? 1 : 0;
    sum.waived += checks[i].outcome == Outcome::kWaived ? 1 : 0;
    cases += pair.cases;
    judged += pair.judged;
  }
  std::vector<std::vector<std::string>> rows{
      {"kernel", "properties", "cases", "checks", "worst error/bound", "verdict"}};
  for (const std::string& kernel : order) {
    const KernelSum& sum = sums[kernel];
    rows.push_back({problem::printable(kernel), grouped(sum.properties), grouped(sum.cases),
                    grouped(sum.judged), ratio_text(sum.worst), verdict(sum)});
  }
  text += table_text(rows);
  text += fmt::format("{}, {}; coverage: {} of {} labels, {} of {} pairs of labels\n",
                      plural(cases, "case"), plural(judged, "check"), grouped(record.labels_seen),
                      grouped(record.labels), grouped(record.label_pairs_seen),
                      grouped(record.label_pairs));
  text += notes_text(record);
  for (const std::string& reason : left_open(record)) text += "inconclusive: " + reason + "\n";
  return text;
}

void write_reports(const RunRecord& record, const std::filesystem::path& folder) {
  corpus::write_file_atomically(folder / "junit.xml", junit_xml(record));
}

}  // namespace attest::campaign
