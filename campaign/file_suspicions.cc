#include "campaign/file_suspicions.h"

#include <utility>

#include "campaign/file_failures.h"
#include "campaign/run/run_folder.h"
#include "campaign/shrink_loop.h"
#include "problem/errors.h"

namespace attest::campaign {

std::vector<SuspiciousCase> file_suspicions(const Options& options, const std::vector<Pair>& pairs,
                                            const std::map<std::size_t, Found>& suspicious) {
  const std::filesystem::path folder =
      (options.out ? *options.out / kFailuresFolder : options.failures) / kSuspiciousFolder;
  std::vector<SuspiciousCase> cases;
  for (const auto& [pair, found] : suspicious) {
    SuspiciousCase entry;
    entry.pair = pairs[pair];
    entry.k = found.k;
    entry.value = draw_found(options, entry.pair, found.k);
    entry.value.expected = expectation_of(found.verdict);
    entry.suspicion = *found.verdict.suspicion;
    try {
      entry.path = save_failure(entry.value, folder);
    } catch (const SystemError& error) {
      entry.why_not_saved = error.what();
    }
    cases.push_back(std::move(entry));
  }
  return cases;
}

}  // namespace attest::campaign
