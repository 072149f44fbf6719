// Family cache: programs of appends and attends over one paged cache, between which sequences are
// forked, cut back and freed and pages are copied, given back and used again.
#include <algorithm>

#include "properties/families.h"
#include "properties/program_generate.h"
#include "properties/program_pages.h"
#include "properties/program_run.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Op;
using problem::Verdict;

bool has_op(const Case& value, Op op) {
  const auto& calls = value.program.calls;
  return std::any_of(calls.begin(), calls.end(), [&](const auto& call) { return call.op == op; });
}

Verdict at_call(const Case& value, std::size_t call, Verdict verdict) {
  verdict.message = call_text(value.program, call) + ": " + verdict.message;
  return verdict;
}

Verdict check_program(const Case& value, Harness& harness) {
  const ProgramRun run = run_program(value, harness);
  if (run.end) return *run.end;
  Verdict whole = Verdict::pass();
  for (const ProgramRun::Attended& attended : run.attended) {
    harness.forget();  // what is shown of a failure is its own call
    const Verdict part =
        harness.judge(attended.scene, harness.expect(attended.scene), attended.out);
    if (part.failed()) return at_call(value, attended.call, part);
    add_pass(part, whole);
  }
  return whole;
}

/// Whether a fresh cache may not even move a rounding. Where tokens that nobody sees hold something
/// else than they do there, a kernel that reads them all the same may round differently.
bool is_exact(const Case& value, const kernels::KernelInfo& info) {
  const bool others =
      evicts(value) ||
      std::any_of(value.poisons.begin(), value.poisons.end(), [](const problem::Poison& poison) {
        return poison.place == problem::PoisonPlace::kOutsideWindow;
      });
  const bool unread = info.conventions.masked_tokens == ATTEST_SLOTS_ANYTHING &&
                      info.declared_numerics().lazy_rescale == 0;
  return repeats_bits_over_junk(info) && (!others || unread);
}

/// Each attend of the program gives what it gives over a cache in which nothing ever happened.
Verdict check_against_fresh(const Case& value, Harness& harness) {
  const ProgramRun run = run_program(value, harness);
  if (run.end) return *run.end;
  Verdict whole = Verdict::skipped("no attend");
  const bool exact = is_exact(value, harness.info());
  for (const ProgramRun::Attended& attended : run.attended) {
    const Scene fresh = in_fresh_cache(attended.scene);
    if (!harness.supported(fresh)) return Verdict::skipped("outside the kernel's declaration");
    // The object, too, has never seen anything.
    if (harness.info().has_create) harness.session().restart();
    const Run alone = harness.attend(fresh);
    if (alone.failure) return at_call(value, attended.call, *alone.failure);
    harness.forget();
    const Verdict part = harness.same(attended.scene, attended.out, alone.out, exact);
    if (part.failed()) return at_call(value, attended.call, part);
    add_pass(part, whole);
  }
  return whole;
}

Verdict check_fork(const Case& value, Harness& harness) {
  if (!has_op(value, Op::kFork)) return Verdict::skipped("no fork");
  return check_against_fresh(value, harness);
}

Verdict check_rollback(const Case& value, Harness& harness) {
  if (!has_op(value, Op::kRollback)) return Verdict::skipped("no rollback");
  return check_against_fresh(value, harness);
}

Verdict check_reuse(const Case& value, Harness& harness) {
  if (!has_op(value, Op::kFree)) return Verdict::skipped("nothing is freed");
  return check_against_fresh(value, harness);
}

Verdict check_eviction(const Case& value, Harness& harness) {
  if (problem::is_program(value) && !value.problem().mask.window_left) {
    return Verdict::skipped("no window to the left");
  }
  return check_against_fresh(value, harness);
}

bool runs_programs(const kernels::KernelInfo& info) {
  return info.can(ATTEST_OP_ATTEND | ATTEST_OP_APPEND) && is_paged_kernel(info) &&
         info.conventions.causal_alignment != ATTEST_CAUSAL_TOP_LEFT;
}
bool slides(const kernels::KernelInfo& info) {
  return runs_programs(info) && info.has(ATTEST_FEATURE_WINDOW_LEFT);
}

}  // namespace

std::span<const Property> cache_family() {
  static const Property family[] = {
      {.id = "cache.program",
       .claim =
           "whatever is appended, forked, cut back and freed, each append writes its slots and "
           "no others and each attend is the definition's",
       .kills = "block_table_kept, rejected_tokens_attended",
       .file = __FILE__,
       .line = __LINE__,
       .applies = runs_programs,
       .generate =
           [](const kernels::KernelInfo& info) {
             return programs(info, {.forks = 2, .rollbacks = 2});
           },
       .check = check_program},
      {.id = "cache.fork",
       .claim = "sequences that share pages since a fork hear nothing of what the other appends",
       .kills = "block_table_kept",
       .file = __FILE__,
       .line = __LINE__,
       .applies = runs_programs,
       .generate =
           [](const kernels::KernelInfo& info) {
             return programs(info, {.forks = 4, .must = Op::kFork});
           },
       .check = check_fork},
      {.id = "cache.rollback",
       .claim = "after a rollback, results are those of a sequence that never had the tokens",
       .kills = "rejected_tokens_attended",
       .file = __FILE__,
       .line = __LINE__,
       .applies = runs_programs,
       .generate =
           [](const kernels::KernelInfo& info) {
             return programs(info, {.rollbacks = 4, .must = Op::kRollback});
           },
       .check = check_rollback},
      {.id = "cache.reuse",
       .claim = "a page that was freed and is used again carries nothing over",
       .kills = "block_table_kept, rejected_tokens_attended",
       .file = __FILE__,
       .line = __LINE__,
       .applies = runs_programs,
       .generate =
           [](const kernels::KernelInfo& info) {
             return programs(info, {.rollbacks = 2, .frees = 4, .must = Op::kFree});
           },
       .check = check_reuse},
      {.id = "cache.eviction",
       .claim = "pages behind the window may be given back and be anyone's",
       .kills = "block_table_kept",
       .file = __FILE__,
       .line = __LINE__,
       .applies = slides,
       .generate =
           [](const kernels::KernelInfo& info) {
             return programs(info, {.window = true, .evict = true});
           },
       .check = check_eviction},
  };
  return family;
}

}  // namespace attest::properties
