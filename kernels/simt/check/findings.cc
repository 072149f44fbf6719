// What the checker found, in words.
#include <algorithm>

#include "kernels/simt/check/access.h"
#include "kernels/simt/check/checker.h"
#include "kernels/simt/check/lines.h"
#include "kernels/simt/check/modules.h"

namespace attest::simt::check {
namespace {

std::vector<Site> sites;

Place place_of_code(Code code) {
  if (code == 0) return {};
  if ((code & kSiteBit) != 0) return simt::place_of(sites[code & ~kSiteBit]);
  return line_of(own_module + code);
}

std::string at(const Place& place) {
  if (place.file.empty()) return "at an unknown line";
  return "at " + place.file + ':' + std::to_string(place.line);
}

std::string who(int thread) {
  return "thread " + std::to_string(thread) + " (warp " + std::to_string(thread / kWarpSize) +
         " lane " + std::to_string(thread % kWarpSize) + ')';
}

std::string block_of(std::uint32_t epoch) {
  const auto after = std::upper_bound(
      state.started.begin(), state.started.end(), epoch,
      [](std::uint32_t wanted, const auto& block) { return wanted < block.first; });
  if (after == state.started.begin()) return "another block";
  const auto& index = (after - 1)->second;
  return "block (" + std::to_string(index[0]) + ',' + std::to_string(index[1]) + ',' +
         std::to_string(index[2]) + ')';
}

std::string memory(const char* address, const Range* range) {
  if (range == nullptr) {
    return "shared memory at offset " + std::to_string(address - state.shared_base);
  }
  return (range->name.empty() ? "device memory" : range->name) + " at byte " +
         std::to_string(address - range->data);
}

const char* verb(AccessKind kind) {
  return kind == AccessKind::kRead ? "read" : kind == AccessKind::kWrite ? "write" : "atomic";
}

void add(Kind kind, const std::string& text, const Place& place, const Place& other = {}) {
  machine.find(kind, text, place, machine.current->linear, other);
}

void add_race(const Conflict& conflict) {
  const Place now = place_of_code(conflict.now_code);
  const Place before = place_of_code(conflict.before_code);
  const bool same_block = conflict.before.epoch() >= state.block_start;
  const Range* range = conflict.shared ? nullptr : state.ranges.find(conflict.address);
  const char* was = conflict.before.atomic() ? "atomic" : conflict.before_writes ? "write" : "read";
  add(Kind::kRace,
      std::string(verb(conflict.now)) + ' ' + at(now) + " by " + who(machine.current->linear) +
          " and earlier " + was + ' ' + at(before) + " by " + who(conflict.before.thread()) +
          (same_block ? "" : " of " + block_of(conflict.before.epoch())) +
          ", which nothing orders: " + memory(conflict.address, range),
      now, before);
}

void add_uninitialised(const char* address, const Range* range, Code code) {
  const Place place = place_of_code(code);
  add(Kind::kUninitialisedRead,
      "read " + at(place) + " by " + who(machine.current->linear) + " of " +
          memory(address, range) + ", which nobody wrote",
      place);
}

void add_out_of_bounds(const char* address, bool write, Code code) {
  const Place place = place_of_code(code);
  const bool shared =
      static_cast<std::size_t>(address - state.shared_base) < SharedMemory::kCapacity;
  const std::string where =
      shared ? memory(address, nullptr) + ", where no variable is" : state.ranges.describe(address);
  add(Kind::kOutOfBounds,
      std::string(write ? "write " : "read ") + at(place) + " by " + who(machine.current->linear) +
          " of " + where,
      place);
}

}  // namespace

Code code_of(Site site) {
  const auto found = std::find_if(sites.begin(), sites.end(),
                                  [&](const Site& known) { return same(known, site); });
  const auto number = static_cast<Code>(found - sites.begin());
  if (found == sites.end()) sites.push_back(site);
  return kSiteBit | number;
}

// Fibers are left for good: nothing may live in these frames that has a destructor to run.

void report_race(const Conflict& conflict) {
  active = false;
  add_race(conflict);
  machine.abort_launch();
}

void report_uninitialised(const char* address, const Range* range, Code code) {
  active = false;
  add_uninitialised(address, range, code);
  machine.abort_launch();
}

void report_out_of_bounds(const char* address, bool write, Code code) {
  active = false;
  add_out_of_bounds(address, write, code);
  machine.abort_launch();
}

void report_step_limit() {
  active = false;
  add(Kind::kStepLimit, "more memory accesses than the step limit allows: does a loop never end?",
      {});
  machine.abort_launch();
}

}  // namespace attest::simt::check
