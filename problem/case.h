// Everything needed to run one check again, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problem/kv_storage.h"
#include "problem/plan.h"
#include "problem/poison.h"
#include "problem/problem.h"
#include "problem/values.h"
#include "problem/verdict.h"

namespace attest::problem {

/// A kernel process is not used for more checks than this, so that no history is longer.
inline constexpr std::size_t kMaxHistory = 4096;

enum class Op : std::uint8_t { kAttend, kAppend, kAppendAttend, kFork, kFree, kRollback };
std::string_view name_of(Op op);
std::optional<Op> parse_op(std::string_view name);

/// One step of a program over named sequences; `problem.sequences[i]` belongs to `sequences[i]`.
struct Call {
  Op op = Op::kAttend;
  std::vector<std::string> sequences;  ///< names; empty: "0", "1", ... in order
  Problem problem;
  friend bool operator==(const Call&, const Call&) = default;
};

struct Program {
  std::vector<Call> calls;
  friend bool operator==(const Program&, const Program&) = default;
};

/// What a stored case is expected to do.
struct Expectation {
  Status status = Status::kPass;
  std::string failure_class;  ///< with kFail: the class
  friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// How a stored case got small.
struct ShrinkRecord {
  std::int64_t evaluations = 0;  ///< checks run while shrinking
  std::int64_t accepted = 0;     ///< reductions taken
  std::int64_t passed = 0;       ///< further reductions of the final case that pass
  std::int64_t rejected =
      0;                 ///< further reductions that fail otherwise (other class, lower severity)
  bool minimal = false;  ///< every further reduction was tried
  friend bool operator==(const ShrinkRecord&, const ShrinkRecord&) = default;
};

struct Case {
  Program program;
  Values values;
  KvStorage storage;
  Plan plan;
  std::vector<Poison> poisons;

  /// Checks that have to run before on the same kernel object for this one to fail, oldest first:
  /// their program, values, storage, plan, poisons and property. Nearly always empty.
  std::vector<Case> history;

  std::string property;  ///< id, "family.name"
  std::string kernel;
  std::optional<Expectation> expected;
  std::optional<ShrinkRecord> shrink;
  std::string note;  ///< provenance, one line, for people

  /// The single attend that nearly every case is. Throws ContractError when the program has no
  /// call.
  Problem& problem();
  const Problem& problem() const;

  friend bool operator==(const Case&, const Case&) = default;
};

/// A case of one attend call.
Case make_case(Problem problem);

/// One line saying what is wrong with the case and which field, or nothing.
std::optional<std::string> find_error(const Case& value);

}  // namespace attest::problem
