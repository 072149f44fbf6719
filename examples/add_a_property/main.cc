// Runs the property on built-in kernels:  add_a_property [kernel or glob]...
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "kernels/registry.h"
#include "kernels/session.h"
#include "properties/harness.h"
#include "repeated_keys.h"

namespace {

using namespace attest;

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kCases = 200;

/// Prints one line. Whether the property held.
bool holds_on(const kernels::KernelInfo& info) {
  const auto session = kernels::open_session(info, {});
  properties::Harness harness(*session);
  for (std::uint64_t k = 0; k < kCases; ++k) {
    const problem::Case value = properties::draw_case(repeated_keys, info, kSeed, k);
    const problem::Verdict verdict = properties::run_check(repeated_keys, value, harness);
    if (!verdict.failed()) continue;
    std::printf("%-32s FAIL  case %d: %s\n", info.name.c_str(), static_cast<int>(k),
                verdict.message.c_str());
    return false;
  }
  const auto checks = static_cast<int>(harness.statistics().checks);
  std::printf("%-32s ok    %d checks\n", info.name.c_str(), checks);
  return checks > 0;  // a property that was never judged has not held
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> names(argv + 1, argv + argc);
  bool all = true;
  for (const kernels::KernelInfo& info : kernels::find_kernels(names)) {
    if (repeated_keys.applies(info)) all = holds_on(info) && all;
  }
  return all ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 64;
}
