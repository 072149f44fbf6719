// What a property says about one case and one kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "problem/special_values.h"

namespace attest::problem {

enum class Status : std::uint8_t {
  kPass,
  kFail,
  kRefused,
  kInconclusive,
  kCrash,
  kHang,
  kFlaky,
  kSkipped
};
std::string_view name_of(Status status);
std::optional<Status> parse_status(std::string_view name);
bool is_failure(Status status);  ///< fail, refused, crash, hang or flaky

/// First bad element. Fields that do not apply are -1.
struct Where {
  std::string tensor;  ///< "o", "lse", "k_cache", ...
  std::int64_t sequence = -1;
  std::int64_t row = -1;  ///< query row inside its sequence
  std::int64_t head = -1;
  std::int64_t lane = -1;
  std::int64_t page = -1;  ///< physical page
  std::int64_t partition = -1;
  friend bool operator==(const Where&, const Where&) = default;
};

/// The severity of failures that are no number ("nan", "crash", ...).
inline constexpr double kStructural = kInfinity;

/// A number inside its bound, but beyond what independent roundings explain (docs/second-looks.md),
/// and so again, in the same direction, when the check was repeated with keys in other order and
/// inputs a little off. Worth a second look; never a failure.
struct Suspicion {
  Where where;
  double ratio = 0.0;     ///< |error| / statistical bound, above 1
  double expected = 0.0;  ///< at `where`
  double got = 0.0;
  double bound = 0.0;     ///< the statistical one
  std::int32_t runs = 0;  ///< repetitions, each of which erred like this
  friend bool operator==(const Suspicion&, const Suspicion&) = default;
};

struct Verdict {
  Status status = Status::kPass;
  /// What kind of failure: "value", "nan", "inf", "bits", "unwritten", "canary", "input_modified",
  /// "refused", "accepted", "crash", "hang", "structure", or the executor's ("race"). Empty: pass.
  std::string failure_class;
  double severity =
      0.0;  ///< worst error / bound, also on a pass; kStructural for classes that are no number
  std::optional<Where> where;
  double expected = 0.0;  ///< at `where`
  double got = 0.0;
  double bound = 0.0;
  std::string message;                 ///< one line
  std::optional<Suspicion> suspicion;  ///< on a pass, of checks that take a second look

  bool failed() const { return is_failure(status); }
  static Verdict pass(double severity = 0.0);
  static Verdict skipped(std::string why);
  static Verdict fail(std::string failure_class, std::string message,
                      double severity = kStructural);
};

}  // namespace attest::problem
