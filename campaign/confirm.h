// What kind of failure it is that was seen once: one that comes back on a fresh kernel process, one
// that needs what the process had seen before, or one that comes and goes.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "problem/case.h"
#include "problem/verdict.h"
#include "properties/harness.h"
#include "properties/property.h"

namespace attest::campaign {

/// The checks that the kernel object had seen before the failing one, oldest first. Called only
/// when they are needed, since they have to be drawn again. May be empty (a function or a list).
using HistoryOf = std::function<std::vector<problem::Case>()>;

enum class Kind : std::uint8_t {
  kPlain,     ///< fails on a fresh kernel process
  kStateful,  ///< fails on a fresh kernel process that has lived through Confirmed::value.history
  kFlaky,     ///< neither, at the first attempt
};

struct Confirmed {
  problem::Verdict verdict;
  Kind kind = Kind::kPlain;
  problem::Case value;  ///< the case, with its history when stateful
  bool fails() const { return kind != Kind::kFlaky; }
};

/// Runs the check on a fresh kernel process. When the failure `first` does not come back, runs its
/// history too, of which the shortest part that suffices is kept, as far as `time` allows. When it
/// still does not come back, runs it again and again: the verdict is then `first` (or the last
/// failure) with Status::kFlaky and the rate in its message. A case that has a history is not asked
/// for another one.
Confirmed confirm(const properties::Property& property, const problem::Case& value,
                  const problem::Verdict& first, properties::Harness& harness,
                  const HistoryOf& history = {},
                  std::chrono::milliseconds time = std::chrono::seconds(20));

/// Of a failure that was seen while the device's service was given up (Session::take_disturbed()),
/// and so may be another kernel's. Runs the check again without the service: on fresh processes, a
/// few times, and on one with its history. Returns how it failed, or else the verdict of a fresh
/// process. Leaves a fresh kernel object.
problem::Verdict settle(const properties::Property& property, const problem::Case& value,
                        properties::Harness& harness, const HistoryOf& history = {});

/// The case with the shortest history that still makes it fail as `failing` says: every shorter one
/// that leaves out a stretch or a single check was tried, unless the time was over.
/// Expects: it fails so.
problem::Case with_short_history(const properties::Property& property, problem::Case value,
                                 const problem::Verdict& failing, properties::Harness& harness,
                                 const std::function<bool()>& out_of_time);

}  // namespace attest::campaign
