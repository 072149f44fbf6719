#include "campaign/confirm.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "campaign/rate.h"
#include "shrinkers/accept.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;

constexpr int kFlakyRuns = 20;

Verdict run_fresh(const properties::Property& property, const Case& value,
                  properties::Harness& harness) {
  harness.session().restart();
  return properties::run_check(property, value, harness);
}

Verdict measure(const properties::Property& property, const Case& value, Verdict failing,
                properties::Harness& harness, const std::function<bool()>& out_of_time) {
  Rate rate{0, 1};  // the run that has just passed
  while (rate.runs < kFlakyRuns && !out_of_time()) {
    Verdict verdict = run_fresh(property, value, harness);
    ++rate.runs;
    if (!verdict.failed()) continue;
    ++rate.failures;
    failing = std::move(verdict);
  }
  failing.status = problem::Status::kFlaky;
  failing.message = fmt::format("failed once, and in {} of the same case on fresh processes: {}",
                                rate_text(rate), failing.message);
  return failing;
}

/// Leaves parts of a list out for as long as what is left is still enough.
class Shortener {
 public:
  Shortener(const properties::Property& property, Case value, const Verdict& failing,
            properties::Harness& harness, const std::function<bool()>& out_of_time)
      : property_(property),
        value_(std::move(value)),
        failing_(failing),
        harness_(harness),
        out_of_time_(out_of_time) {}

  Case run() {
    keep_newest();
    for (std::size_t size = value_.history.size() / 2; size > 0;) {
      // At single checks once more from the start, until none can go: one may have been needed for
      // another one that is gone.
      const bool shorter = leave_out(size);
      if (out_of_time_()) break;
      if (size > 1 || !shorter) size /= 2;
    }
    return std::move(value_);
  }

 private:
  bool enough(const std::vector<Case>& history) {
    Case tried = value_;
    tried.history = history;
    const Verdict verdict = properties::run_check(property_, tried, harness_);
    return shrinkers::acceptable(failing_, verdict);
  }

  /// Most of what matters is what came last.
  void keep_newest() {
    const std::vector<Case>& all = value_.history;
    for (std::size_t count = 1; count < all.size() && !out_of_time_(); count *= 2) {
      std::vector<Case> newest(all.end() - static_cast<std::ptrdiff_t>(count), all.end());
      if (!enough(newest)) continue;
      value_.history = std::move(newest);
      return;
    }
  }

  /// Stretches of `size`, from the oldest on.
  bool leave_out(std::size_t size) {
    bool shorter = false;
    for (std::size_t at = 0; at < value_.history.size() && !out_of_time_();) {
      std::vector<Case> rest = value_.history;
      const auto begin = rest.begin() + static_cast<std::ptrdiff_t>(at);
      rest.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, rest.size() - at)));
      // Without any history it does not fail, as is known by now.
      if (!rest.empty() && enough(rest)) {
        value_.history = std::move(rest);
        shorter = true;
      } else {
        at += size;
      }
    }
    return shorter;
  }

  const properties::Property& property_;
  Case value_;
  const Verdict& failing_;
  properties::Harness& harness_;
  const std::function<bool()>& out_of_time_;
};

}  // namespace

Case with_short_history(const properties::Property& property, Case value, const Verdict& failing,
                        properties::Harness& harness, const std::function<bool()>& out_of_time) {
  return Shortener(property, std::move(value), failing, harness, out_of_time).run();
}

Verdict settle(const properties::Property& property, const Case& value,
               properties::Harness& harness, const HistoryOf& history) {
  constexpr int kRuns = 3;
  const Verdict fresh = run_fresh(property, value, harness);
  Verdict last = fresh;
  if (!last.failed() && value.history.empty() && history) {
    Case whole = value;
    whole.history = history();
    if (!whole.history.empty()) last = properties::run_check(property, whole, harness);
  }
  for (int run = 1; run < kRuns && !last.failed(); ++run)
    last = run_fresh(property, value, harness);
  // The object has seen more than whoever keeps its history knows of.
  harness.session().restart();
  return last.failed() ? last : fresh;
}

Confirmed confirm(const properties::Property& property, const Case& value, const Verdict& first,
                  properties::Harness& harness, const HistoryOf& history,
                  std::chrono::milliseconds time) {
  const Clock::time_point deadline = Clock::now() + time;
  const std::function<bool()> out_of_time = [&] {
    return Clock::now() >= deadline || interruptions() > 0;
  };
  Confirmed out{run_fresh(property, value, harness), Kind::kPlain, value};
  if (!value.history.empty()) out.kind = Kind::kStateful;
  if (out.verdict.failed()) return out;

  if (value.history.empty() && history) {
    out.value.history = history();
    if (!out.value.history.empty()) {
      out.kind = Kind::kStateful;
      const Verdict failing = properties::run_check(property, out.value, harness);
      if (failing.failed()) {
        out.value =
            with_short_history(property, std::move(out.value), failing, harness, out_of_time);
        out.verdict = properties::run_check(property, out.value, harness);
        if (out.verdict.failed()) return out;
      }
      out.value.history.clear();
    }
  }
  out.kind = Kind::kFlaky;
  out.verdict = measure(property, value, first, harness, out_of_time);
  return out;
}

}  // namespace attest::campaign
