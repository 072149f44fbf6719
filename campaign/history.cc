#include "campaign/history.h"

#include "campaign/wire.h"
#include "problem/case.h"

namespace attest::campaign {

void History::begin(kernels::Session& session) {
  if (past_.size() >= problem::kMaxHistory) {
    session.restart();
    past_.clear();
  }
  generation_ = session.generation();
}

void History::ran(const Past& past, const kernels::Session& session) {
  // The object at the end of this check is none that has seen the earlier ones; of this check it
  // may have seen a part.
  if (session.generation() != generation_) past_.clear();
  past_.push_back(past);
}

std::string write_history(const std::vector<Past>& past) {
  // Runs of (pair, first, step, count): a lane works on one pair for a while, in equal steps.
  WireWriter out;
  std::size_t at = 0;
  while (at < past.size()) {
    std::size_t end = at + 1;
    const std::uint64_t step =
        end < past.size() && past[end].pair == past[at].pair ? past[end].k - past[at].k : 0;
    while (step != 0 && end < past.size() && past[end].pair == past[at].pair &&
           past[end].k - past[end - 1].k == step) {
      ++end;
    }
    out.integer(static_cast<std::int64_t>(past[at].pair));
    out.integer(static_cast<std::int64_t>(past[at].k)).integer(static_cast<std::int64_t>(step));
    out.integer(static_cast<std::int64_t>(end - at));
    at = end;
  }
  return out.take();
}

std::vector<Past> parse_history(std::string_view bytes) {
  constexpr std::size_t kRunBytes = 4 * sizeof(std::int64_t);
  WireReader reader(bytes);
  std::vector<Past> past;
  for (std::size_t at = 0; at < bytes.size(); at += kRunBytes) {
    Past next{static_cast<std::size_t>(reader.integer()),
              static_cast<std::uint64_t>(reader.integer())};
    const auto step = static_cast<std::uint64_t>(reader.integer());
    for (std::int64_t left = reader.integer(); left > 0; --left, next.k += step) {
      past.push_back(next);
    }
  }
  return past;
}

}  // namespace attest::campaign
