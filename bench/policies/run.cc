#include "bench/policies/run.h"

#include <ctime>
#include <vector>

#include "bench/policies/accept.h"
#include "kernels/session.h"
#include "properties/property.h"

namespace attest::bench {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Time used, and the rest of the budget.
class Budget {
 public:
  Budget(const RunOptions& options, const kernels::Session& session)
      : options_(options), session_(session), start_(cpu_seconds()) {}
  double spent() const {
    return cpu_seconds() - start_ + 1e-9 * static_cast<double>(session_.kernel_nanoseconds());
  }
  bool over(std::int64_t cases) const {
    if (options_.max_cases > 0 && cases >= options_.max_cases) return true;
    return spent() >= options_.seconds;
  }

 private:
  const RunOptions& options_;
  const kernels::Session& session_;
  double start_;
};

/// Books a failed case. True when the run is over.
bool book_failure(bool reached, RunResult& result) {
  result.reached |= reached;
  (reached ? result.killed : result.alarm) = true;
  return reached;
}

}  // namespace

RunResult run_policy(const Policy& policy, const kernels::KernelInfo& info,
                     const RunOptions& options) {
  RunResult result;
  if (!info.can(ATTEST_OP_ATTEND)) return result;
  const auto session = kernels::open_session(info, {});
  properties::Harness harness(*session);
  const Budget budget(options, *session);
  for (std::uint64_t k = 0; !budget.over(result.cases); ++k) {
    const auto drawn = draw_policy_case(policy, info, options.seed, k);
    if (!drawn) break;
    harness.begin_check();
    if (!harness.supported(drawn->scene)) continue;
    result.covered = true;
    ++result.cases;
    session->take_defect_ran();
    const properties::Run run = harness.attend(drawn->scene);
    const bool reached = session->take_defect_ran();
    result.reached |= reached;
    const bool passed = !run.failure && accepts(policy, *drawn, run.out, harness.lse_unit());
    if (!passed && book_failure(reached, result)) break;
  }
  result.seconds = budget.spent();
  return result;
}

RunResult run_attest(const kernels::KernelInfo& info, const RunOptions& options) {
  RunResult result;
  std::vector<const properties::Property*> applying;
  for (const properties::Property& property : properties::all_properties())
    if (property.applies(info)) applying.push_back(&property);
  result.covered = !applying.empty();
  if (!result.covered) return result;
  const auto session = kernels::open_session(info, {});
  properties::Harness harness(*session);
  const Budget budget(options, *session);
  bool over = false;
  for (std::uint64_t k = 0; !over; ++k) {
    for (const properties::Property* property : applying) {
      over = budget.over(result.cases);
      if (over) break;
      const problem::Case drawn = properties::draw_case(*property, info, options.seed, k);
      ++result.cases;
      if (!properties::run_check(*property, drawn, harness).failed()) {
        result.reached |= harness.defect_ran();
        continue;
      }
      session->restart();
      if (!properties::run_check(*property, drawn, harness).failed()) continue;
      over = book_failure(harness.defect_ran(), result);
      if (over) break;
    }
  }
  result.seconds = budget.spent();
  return result;
}

}  // namespace attest::bench
