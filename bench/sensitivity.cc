// How small an error of one key's weight drawn cases reveal (oracle/sensitivity.h), by distribution
// of their values. The generators draw sharp distributions more often (properties/generate.cc).
// Run: build/release/bench/bench_sensitivity [CASES]
#include "oracle/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "kernels/registry.h"
#include "properties/property.h"
#include "properties/scene.h"

namespace {

using namespace attest;

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void print_row(const std::string& name, const std::vector<double>& values) {
  const auto blind =
      std::count_if(values.begin(), values.end(), [](double x) { return std::isinf(x); });
  std::printf("%-16s %6zu  %8.1e  %8.1e  %8.1e  %5.0f %%\n", name.c_str(), values.size(),
              quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75),
              100.0 * static_cast<double>(blind) / static_cast<double>(values.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t cases = argc > 1 ? std::stoull(argv[1]) : 500;
  const properties::Property& property = *properties::find_property("oracle.output");
  std::map<std::string, std::vector<double>> by_distribution;
  std::vector<double> all;
  for (const auto& info : kernels::select_kernels(kernels::builtin_infos(), {})) {
    if (!property.applies(info) || info.first_q_dtype() != problem::DType::kF32) continue;
    for (std::uint64_t k = 0; k < cases; ++k) {
      const problem::Case drawn = properties::draw_case(property, info, 1, k);
      const properties::Scene scene = properties::scene_of(drawn);
      const double value =
          oracle::sensitivity(scene.problem, scene.inputs, info.declared_numerics());
      by_distribution[std::string(problem::name_of(drawn.values.distribution))].push_back(value);
      all.push_back(value);
    }
  }
  std::printf("%-16s %6s  %8s  %8s  %8s  %7s\n", "distribution", "cases", "quarter", "median",
              "3/4", "blind");
  for (const auto& [name, values] : by_distribution) print_row(name, values);
  print_row("all", all);
  return 0;
}
