// `attest compare A B`: two kernels on the same cases. Results may differ by the sum of their
// bounds; what differs by more is shrunk, and the definition says which kernel is wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "campaign/campaign.h"
#include "campaign/shrink_loop.h"
#include "kernels/session.h"
#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/harness.h"

namespace attest::campaign {

struct CompareOptions {
  kernels::KernelInfo a, b;
  std::optional<std::int64_t> cases;
  std::optional<std::chrono::milliseconds> time;  ///< neither: kDefaultTime
  std::uint64_t seed = kDefaultSeed;
  std::filesystem::path failures = "attest-failures";
  ShrinkLimits shrink;
  kernels::SessionOptions session;
  std::string command = "attest";
};

/// What both kernels declare, as far as a declaration can say it: cases are drawn from it, and
/// those outside of one kernel's own are left out.
/// Throws: NothingToDo when there is no type, layout or mask in common.
kernels::KernelInfo common_declaration(const kernels::KernelInfo& a, const kernels::KernelInfo& b);

/// Runs the case on both. A call that goes wrong on one of them fails with its name.
problem::Verdict compare_case(const problem::Case& value, properties::Harness& a,
                              properties::Harness& b);

/// Draws cases until the budget is spent or two results differ, and prints what came of it.
/// Returns the exit code: 0 they agree, 1 they differ, 2 interrupted or nothing was compared.
/// Throws: NothingToDo, PluginError, SystemError.
int compare(const CompareOptions& options, std::FILE* out);

}  // namespace attest::campaign
