// Kernels that are never called and properties that judge the seed of a case: all a campaign needs
// to be tested by itself.
#pragma once

#include <cstdint>
#include <string>

#include "campaign/kernel_pool.h"
#include "problem/case.h"
#include "properties/property.h"

namespace attest::tests {

/// Sessions without a process. restart() counts generations and does no more.
campaign::OpenSession fake_sessions();
kernels::KernelInfo fake_kernel(const std::string& name);

using Check = problem::Verdict (*)(const problem::Case&, properties::Harness&);

/// For checks: what a planted kernel does when the line that makes it wrong runs.
void run_defect();

/// Applies to every kernel; draws cases of a few query rows and keys whose values.seed is in
/// [0, 1000). `id` must be a literal.
properties::Property fake_property(const char* id, Check check);

/// For checks: the drawn number.
inline std::uint64_t number_of(const problem::Case& value) { return value.values.seed; }

}  // namespace attest::tests
