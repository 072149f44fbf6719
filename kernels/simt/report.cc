// Options, reports, and both as C functions.
#include <algorithm>
#include <cstring>

#include "kernels/simt/control.h"
#include "kernels/simt/machine.h"

#define ATTEST_SIMT_EXPORT __attribute__((visibility("default")))

namespace attest::simt {

const char* name(Kind kind) {
  constexpr std::array<const char*, 15> kNames = {"divergent_barrier",
                                                  "exit_before_barrier",
                                                  "deadlock",
                                                  "mask_without_caller",
                                                  "mask_mismatch",
                                                  "site_mismatch",
                                                  "inactive_source_lane",
                                                  "bad_argument",
                                                  "shared_memory_exceeded",
                                                  "unsupported",
                                                  "race",
                                                  "uninitialised_read",
                                                  "out_of_bounds",
                                                  "step_limit",
                                                  "sanitizer"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* name(Policy policy) {
  constexpr std::array<const char*, kPolicies> kNames = {"in_order", "reverse", "random",
                                                         "permutation", "warp_shuffle"};
  return kNames[static_cast<std::size_t>(policy)];
}

void set_options(const Options& options) {
  machine.options = options;
  machine.report = {};
  machine.failed = false;
  machine.schedule.begin_call(options);
  last_error() = kSuccess;
}

const Options& options() { return machine.options; }

const Report& report() { return machine.report; }

}  // namespace attest::simt

extern "C" {

ATTEST_SIMT_EXPORT int attest_simt_set_schedule(int32_t policy, uint64_t seed, uint32_t horizon) {
  if (policy < 0 || policy >= attest::simt::kPolicies) return 1;
  attest::simt::Options options = attest::simt::options();
  options.policy = static_cast<attest::simt::Policy>(policy);
  options.seed = seed;
  options.horizon = horizon;
  attest::simt::set_options(options);
  return 0;
}

ATTEST_SIMT_EXPORT size_t attest_simt_findings(char* buffer, size_t size) {
  std::string all;
  for (const attest::simt::Finding& finding : attest::simt::report().findings) {
    all += std::string(attest::simt::name(finding.kind)) + ": " + finding.text + '\n';
  }
  if (size > 0) {
    const size_t copied = std::min(size - 1, all.size());
    std::memcpy(buffer, all.data(), copied);
    buffer[copied] = '\0';
  }
  return all.size();
}

ATTEST_SIMT_EXPORT uint64_t attest_simt_schedule_hash(void) {
  return attest::simt::report().schedule_hash;
}

ATTEST_SIMT_EXPORT uint64_t attest_simt_random_decisions(void) {
  return attest::simt::report().random_decisions;
}

ATTEST_SIMT_EXPORT void attest_simt_announce(const void* data, size_t bytes, int initialised,
                                             const char* name) {
  attest::simt::announce(data, bytes, initialised != 0, name);
}

ATTEST_SIMT_EXPORT void attest_simt_forget_announced(void) { attest::simt::forget_announced(); }
}
