// The thread-level defects among the planted kernels: which build of the executor sees which, in
// how many schedules.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/registry.h"
#include "kernels/session.h"
#include "properties/harness.h"
#include "properties/property.h"

namespace attest {
namespace {

using kernels::KernelInfo;

constexpr std::uint64_t kCases = 60;

std::vector<KernelInfo> planted_in_check() {
  std::vector<KernelInfo> infos = kernels::plugin_infos(ATTEST_PLANTED_CHECK);
  EXPECT_EQ(infos.size(), 26u);
  return infos;
}

/// Whether one of the first cases of a property fails after the altered line ran. The schedule is
/// the case's own or, with `in_order`, the same for all.
bool sees(const KernelInfo& info, const char* id, bool in_order) {
  const properties::Property& property = *properties::find_property(id);
  if (!property.applies(info)) return false;
  const auto session = kernels::open_session(info, {});
  properties::Harness harness(*session);
  for (std::uint64_t k = 0; k < kCases; ++k) {
    problem::Case value = properties::draw_case(property, info, 1, k);
    if (in_order) value.plan.schedule_seed = 0;
    if (run_check(property, value, harness).failed() && harness.defect_ran()) return true;
  }
  return false;
}

/// Wrong numbers, whatever the schedule: no matter of threads.
bool is_of_threads(const KernelInfo& info) {
  return info.name != "planted/sum_of_thread_zero" && info.name != "planted/block_counter_kept" &&
         info.name != "planted/unused_slots_weighed" && info.name != "planted/length_of_capture";
}

TEST(ModeCheck, SeesEveryThreadLevelDefectInOrder) {
  for (const KernelInfo& info : planted_in_check()) {
    EXPECT_TRUE(info.on_executor) << info.name;
    if (!is_of_threads(info)) continue;
    EXPECT_TRUE(sees(info, "oracle.output", true)) << info.name;
  }
}

TEST(PlainMode, SeesEveryDefectThatIsBuiltInWithoutTheCheckerInSomeSchedule) {
  int seen = 0;
  for (const KernelInfo& in_check : planted_in_check()) {
    for (const KernelInfo& info : kernels::builtin_infos()) {
      if (info.name != in_check.name || !is_of_threads(info)) continue;
      EXPECT_TRUE(sees(info, "oracle.output", false) || sees(info, "determinism.schedule", false))
          << info.name;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 22);  // four of them built in as mode check
}

}  // namespace
}  // namespace attest
