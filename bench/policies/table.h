// The results of all testers over all kernels, as markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/policies/run.h"

namespace attest::bench {

struct Tester {
  std::string id;
  std::string source;
  std::vector<RunResult> bugs;     ///< in the order of Results::bugs
  std::vector<RunResult> correct;  ///< in the order of Results::correct
};

struct Results {
  std::vector<std::string> bugs, correct;  ///< names of kernels
  std::vector<Tester> testers;
};

/// One row a tester: covered, killed, rates, false alarms.
std::string rates_table(const Results& results);
/// One row a bug, one column a tester.
std::string matrix_table(const Results& results);
/// Names of kernels on which a tester failed although no planted line ran; empty: none.
std::string false_alarms(const Results& results);

}  // namespace attest::bench
