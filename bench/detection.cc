// Which defects which checks notice, as a markdown table (docs/numerics.md quotes it). Takes about
// a minute. Run: build/release/bench/bench_detection
#include "tests/oracle/detection.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/oracle/defects.h"

namespace {

using namespace attest::tests;  // NOLINT(google-build-using-namespace): a main file

std::string percentages(const DetectionRates& rates) {
  std::string text;
  for (const double rate : rates) {
    text += std::isnan(rate) ? " – |" : fmt::format(" {:.0f} |", rate);
  }
  return text;
}

void print_table(std::string_view data, const DetectionSetup& setup,
                 const std::vector<Defect>& defects) {
  fmt::print("\n{} keys, {}, kernels {}. Percent of {} cases of {} rows flagged:\n\n", setup.kv_len,
             data, setup.kernel.name, setup.cases, setup.rows);
  std::string header = "| defect |";
  std::string line = "|---|";
  for (std::size_t i = 0; i < kNumChecks; ++i) {
    header += fmt::format(" {} |", name_of(static_cast<Check>(i)));
    line += "---|";
  }
  fmt::print("{}\n{}\n", header, line);
  const std::vector<DetectionRates> rates = detection_rates(setup, defects);
  for (std::size_t i = 0; i < defects.size(); ++i)
    fmt::print("| {} |{}\n", info_of(defects[i]).description, percentages(rates[i]));
}

}  // namespace

int main() {
  std::vector<Defect> all, hidden{Defect::kNone};
  for (const DefectInfo& info : all_defects()) {
    all.push_back(info.defect);
    if (info.needs_hidden_key) hidden.push_back(info.defect);
  }
  for (const std::int64_t kv_len : {65, 4096}) {
    for (const KernelClass& kernel : kernel_classes()) {
      const DetectionSetup setup{.kernel = kernel, .kv_len = kv_len};
      print_table("Gaussian data", setup, all);
      DetectionSetup one_hot = setup;
      one_hot.data = DetectionData::kOneHotV;
      print_table("one-hot V", one_hot, all);
      DetectionSetup poisoned = setup;
      poisoned.data = DetectionData::kPoisonedV;
      print_table("V poisoned with 1e4 where hidden", poisoned, hidden);
    }
  }
  return 0;
}
