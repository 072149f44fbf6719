#include "campaign/run/identity.h"

#include <algorithm>

#include <fmt/format.h>

#include "problem/text.h"

namespace attest::campaign {

std::string first_difference(const RunIdentity& a, const RunIdentity& b) {
  const auto text = [](const auto& value) {
    if constexpr (requires { value.has_value(); }) {
      return value ? fmt::format("{}", *value) : std::string("none");
    } else {
      return fmt::format("{}", value);
    }
  };
  std::string found;
  const auto compare = [&](const std::string& what, const auto& first, const auto& second) {
    if (!found.empty() || first == second) return;
    found = fmt::format("{} ({} and {})", what, problem::printable(text(first)),
                        problem::printable(text(second)));
  };
  compare("the version", a.version, b.version);
  compare("the binary", a.binary, b.binary);
  compare("the generator", a.generator, b.generator);
  compare("the version of values", a.values, b.values);
  compare("the seed", a.seed, b.seed);
  compare("--exhaustive", a.exhaustive, b.exhaustive);
  compare("--keep-going", a.keep_going, b.keep_going);
  compare("--cases", a.cases, b.cases);
  compare("--total-cases", a.total_cases, b.total_cases);
  compare("the time in ms", a.time_ms, b.time_ms);
  compare("the tier", a.tier, b.tier);
  compare("the number of kernels", a.kernels.size(), b.kernels.size());
  for (std::size_t i = 0; found.empty() && i < a.kernels.size(); ++i) {
    const RunIdentity::Kernel& first = a.kernels[i];
    const RunIdentity::Kernel& second = b.kernels[i];
    compare("a kernel", first.name, second.name);
    const std::string of = problem::printable(first.name);
    compare("the file of kernel " + of, first.hash, second.hash);
    if (first.hash.empty()) compare("the library of kernel " + of, first.library, second.library);
    compare("the device of kernel " + of, first.device, second.device);
  }
  compare("the number of properties", a.properties.size(), b.properties.size());
  for (std::size_t i = 0; found.empty() && i < a.properties.size(); ++i) {
    compare("a property", a.properties[i], b.properties[i]);
  }
  compare("the stored cases", a.corpus, b.corpus);
  return found;
}

std::size_t position_of(const RunIdentity& identity, const std::string& kernel,
                        const std::string& property) {
  const auto of_kernel =
      std::find_if(identity.kernels.begin(), identity.kernels.end(),
                   [&](const RunIdentity::Kernel& known) { return known.name == kernel; });
  const auto of_property =
      std::find(identity.properties.begin(), identity.properties.end(), property);
  const std::size_t width = identity.properties.size() + 1;
  return static_cast<std::size_t>(of_kernel - identity.kernels.begin()) * width +
         static_cast<std::size_t>(of_property - identity.properties.begin());
}

}  // namespace attest::campaign
