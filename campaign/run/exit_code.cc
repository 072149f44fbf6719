#include "campaign/run/exit_code.h"

#include <algorithm>
#include <map>
#include <string>

namespace attest::campaign {
namespace {

bool is_filed(const RunRecord& record, const PairRecord& pair) {
  return std::any_of(record.failures.begin(), record.failures.end(), [&](const auto& failure) {
    return failure.kernel == pair.kernel && failure.property == pair.property;
  });
}

bool has_counterexample(const RunRecord& record) {
  return std::any_of(record.failures.begin(), record.failures.end(),
                     [](const auto& failure) { return failure.waiver.empty(); }) ||
         std::any_of(record.stored.begin(), record.stored.end(),
                     [](const auto& stored) {
                       return stored.status && problem::is_failure(*stored.status) &&
                              stored.waiver.empty();
                     }) ||
         // Met, and lost before it was filed: nothing that failed is dropped.
         std::any_of(record.pairs.begin(), record.pairs.end(), [&](const auto& pair) {
           return pair.first_failure && !is_filed(record, pair);
         });
}

}  // namespace

int exit_code_of(const RunRecord& record) {
  if (record.state == RunState::kBroken) return 70;
  if (has_counterexample(record)) return 1;
  if (record.state != RunState::kDone) return 2;
  if (record.pairs.empty() && record.stored.empty()) return 4;
  return unjudged_kernels(record).empty() ? 0 : 2;
}

std::vector<std::string> unjudged_kernels(const RunRecord& record) {
  std::map<std::string, bool> judged;
  for (const PairRecord& pair : record.pairs) {
    judged[pair.kernel] = judged[pair.kernel] || pair.judged > 0 || pair.first_failure;
  }
  std::vector<std::string> kernels;
  for (const PairRecord& pair : record.pairs) {
    if (!judged[pair.kernel] && (kernels.empty() || kernels.back() != pair.kernel)) {
      kernels.push_back(pair.kernel);
    }
  }
  return kernels;
}

}  // namespace attest::campaign
