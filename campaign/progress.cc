#include "campaign/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "campaign/table.h"

namespace attest::campaign {

std::string progress_text(const ProgressNumbers& numbers) {
  const double seconds = static_cast<double>(numbers.elapsed.count()) / 1000.0;
  const double rate = static_cast<double>(numbers.checks) / std::max(seconds, 1e-3);
  std::string text =
      fmt::format("{}  {}  {} cases  {} checks/s  worst error/bound {}  {} failure{}",
                  duration_text(numbers.elapsed), numbers.phase, grouped(numbers.cases),
                  grouped(static_cast<std::int64_t>(rate)), ratio_text(numbers.worst),
                  numbers.failures, numbers.failures == 1 ? "" : "s");
  if (text.size() > 100) text.resize(100);
  return text;
}

Progress::Progress() {
  const char* term = std::getenv("TERM");
  terminal_ = isatty(STDERR_FILENO) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

void Progress::show(const ProgressNumbers& numbers) {
  if (!terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}", progress_text(numbers));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace attest::campaign
