// What became of single elements, and how a Deviation is made of it. Internal to the comparator
// (compare.cc, compare_pair.cc).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "oracle/compare.h"
#include "oracle/expected.h"
#include "problem/dtype.h"
#include "problem/elements.h"

namespace attest::oracle {

enum class Judgement : std::uint8_t { kPass, kFail, kUndecided, kVacuous };

/// What became of one element.
struct Finding {
  Judgement judgement = Judgement::kPass;
  const char* failure_class = "";
  double severity = 0;
  double expected = 0, got = 0, bound = 0;
};

/// A failure of a class that is no number.
Finding structural(const char* failure_class, double expected, double got, double bound = 0);

/// error / bound. 0 / 0 is no error at all.
double ratio(double error, double bound);

/// A failure's severity is above 1, whatever the rounding of the output did to the quotient.
double failed_severity(double severity);

/// "nan" or "inf".
const char* class_of_non_finite(double got);

/// Judges against a reference that is no number.
Finding judge_kind(Kind kind, double got);

class UnwrittenMarker {
 public:
  explicit UnwrittenMarker(problem::DType type)
      : bits_(problem::unwritten_bits(type)), ambiguous_(problem::size_of(type) == 1) {}
  bool matches(std::uint64_t bits) const { return bits == bits_; }
  /// In an 8-bit type the marker is a NaN that a kernel may write as well.
  bool ambiguous() const { return ambiguous_; }

 private:
  std::uint64_t bits_;
  bool ambiguous_;
};

/// Collects findings into a Deviation, in the order of elements.
class Collector {
 public:
  void add(std::size_t i, const Finding& finding);
  /// Of an element that has not failed. `error`: in statistical bounds, signed; 0: nothing to see.
  void add_excess(std::size_t i, double error);
  Deviation result();

 private:
  void show(const Finding& finding);

  Deviation result_;
  bool undecided_ = false;
  bool seen_ = false;
};

/// Throws: ContractError(what) unless `holds`.
void require(bool holds, const char* what);

}  // namespace attest::oracle
