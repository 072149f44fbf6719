// Shrinkers of programs. Steps, sequences and tokens go one by one, and what hangs on them (later
// lengths, forks of what is gone, contents on the tape) follows; everything else about a program is
// made smaller on its tape, by the shrinkers of single calls.
#pragma once

#include "problem/program.h"
#include "shrinkers/passes.h"

namespace attest::shrinkers {

/// Stretches of steps, each step, two as one; then sequences, out of all steps or out of one.
Proposals fewer_steps(const problem::Case& base);
Proposals fewer_step_tokens(const problem::Case& base);  ///< tokens and rows of the steps
Proposals simpler_pool(const problem::Case& base);

/// What `propose` makes of the tape of a program, taken over by all its calls. Proposals that touch
/// lengths are left out.
Proposals on_tape(Proposals (*propose)(const problem::Case&), const problem::Case& base);

/// A shrinker of single calls and its counterpart for programs, as one.
template <Proposals (*kOfCall)(const problem::Case&), Proposals (*kOfProgram)(const problem::Case&)>
Proposals either(const problem::Case& base) {
  return problem::is_program(base) ? kOfProgram(base) : kOfCall(base);
}
template <Proposals (*kOfCall)(const problem::Case&)>
Proposals also_on_tape(const problem::Case& base) {
  return problem::is_program(base) ? on_tape(kOfCall, base) : kOfCall(base);
}

}  // namespace attest::shrinkers
