// Runs the program of a case on one kernel object: program_pages.h says where tokens go, appends
// are compared slot by slot, and what attends return is kept for judging.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "problem/program.h"
#include "properties/harness.h"

namespace attest::properties {

struct ProgramRun {
  struct Attended {
    std::size_t call = 0;  ///< of the program
    Scene scene;
    Outputs out;
  };
  std::vector<Attended> attended;
  /// A failed call, an append that went wrong, or why the program was not run to its end.
  std::optional<problem::Verdict> end;
};

/// The kernel object, where there is one, is fresh: what a program finds is its own doing, and a
/// replay finds it again.
ProgramRun run_program(const problem::Case& value, Harness& harness);

/// The call with its operation, for messages: "call 3, attend a b".
std::string call_text(const problem::Program& program, std::size_t call);

/// The same attend over a cache that never held anything else: pages of its own, each token written
/// once.
Scene in_fresh_cache(const Scene& scene);

/// Why the kernel's declaration keeps it from being asked about the case at all (one line), or
/// nothing. Of a program, what its calls have in common is looked at; lengths come up as it runs.
std::optional<std::string> unserved(const kernels::KernelInfo& info, const problem::Case& value);

}  // namespace attest::properties
