// Findings in words.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/simt/machine.h"

namespace attest::simt {
namespace {

std::string waits_in(const Thread& thread) {
  if (thread.state == State::kAtBarrier) return "__syncthreads at " + text(thread.site);
  std::array<char, 16> mask = {};
  std::snprintf(mask.data(), mask.size(), "(0x%08x)", thread.mask);
  return thread.operation->name + std::string(mask.data()) + " at " + text(thread.site);
}

}  // namespace

Place place_of(const Site& site) {
  const char* slash = std::strrchr(site.file, '/');
  return {slash == nullptr ? site.file : slash + 1, site.line};
}

std::string text(const Site& site) {
  const Place place = place_of(site);
  return place.file + ':' + std::to_string(place.line);
}

std::string describe(const Thread& thread) {
  std::string who = "thread " + std::to_string(thread.linear) + " (warp " +
                    std::to_string(thread.warp) + " lane " + std::to_string(thread.lane) + ')';
  switch (thread.state) {
    case State::kExited:
      return who + " has exited";
    case State::kRunnable:
      return who + " runs";
    default:
      return who + " waits in " + waits_in(thread);
  }
}

std::string describe_deadlock() {
  constexpr std::size_t kShown = 6;
  int exited = 0;
  std::vector<std::pair<std::string, int>> groups;
  for (int i = 0; i < machine.threads; ++i) {
    const Thread& thread = machine.thread[static_cast<std::size_t>(i)];
    if (thread.state == State::kExited) {
      ++exited;
      continue;
    }
    const std::string where = waits_in(thread);
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& known) { return known.first == where; });
    if (group == groups.end()) {
      groups.emplace_back(where, 1);
    } else {
      ++group->second;
    }
  }
  std::string what = "no thread of the block can run: " + std::to_string(exited) + " have exited";
  for (std::size_t i = 0; i < groups.size() && i < kShown; ++i) {
    what += ", " + std::to_string(groups[i].second) + " wait in " + groups[i].first;
  }
  if (groups.size() > kShown) what += ", and others";
  return what;
}

}  // namespace attest::simt
