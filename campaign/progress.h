// One line on a terminal that says how a campaign is doing; nothing at all when stderr is a file or
// a pipe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace attest::campaign {

struct ProgressNumbers {
  std::string phase;  ///< "stored cases", "fuzzing", "shrinking"
  std::chrono::milliseconds elapsed{0};
  std::int64_t cases = 0;
  std::int64_t checks = 0;
  double worst = 0;
  std::int64_t failures = 0;
};

/// At most 100 columns, without line break.
std::string progress_text(const ProgressNumbers& numbers);

class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const ProgressNumbers& numbers);
  /// Wipes the line, so that other text can be printed.
  void clear();

 private:
  bool terminal_ = false;
  bool shown_ = false;
};

}  // namespace attest::campaign
