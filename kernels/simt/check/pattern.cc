#include "kernels/simt/check/pattern.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <vector>

#include "kernels/simt/check/access.h"
#include "kernels/simt/check/checker.h"
#include "kernels/simt/pattern.h"

namespace attest::simt::check {

bool counting = false;

namespace {

constexpr std::size_t kBanks = 32;
constexpr std::size_t kBankBytes = 4;

/// What lanes of a warp ask for at one place at one time.
struct Request {
  unsigned lanes = 0;
  bool shared = false;
  std::size_t bytes = 0;  ///< of the widest lane
  std::array<const char*, kWarpSize> address = {};
};

AccessPattern pattern;
std::unordered_map<std::uint64_t, Request> open_requests;
/// How often a thread came to a place.
std::array<std::unordered_map<std::uint64_t, std::uint32_t>, kMaxThreads> visits;

unsigned lanes_of_warp(int warp) {
  const int lanes = std::min(kWarpSize, machine.threads - warp * kWarpSize);
  return lanes == kWarpSize ? ~0U : (1U << lanes) - 1;
}

void count_global(const Request& request) {
  // (sector, its bytes), a lane at a time.
  std::array<std::pair<std::uintptr_t, std::uint32_t>, std::size_t{kWarpSize} * 2> sectors;
  std::size_t count = 0;
  for (unsigned left = request.lanes; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    const auto first = reinterpret_cast<std::uintptr_t>(request.address[lane]);
    for (std::uintptr_t byte = first; byte < first + request.bytes; ++byte) {
      const std::uintptr_t sector = byte / AccessPattern::kSectorBytes;
      std::size_t at = count;
      while (at > 0 && sectors[at - 1].first != sector) --at;
      if (at == 0) {
        if (count == sectors.size()) return;  // of copies larger than a vector
        sectors[count++] = {sector, 0};
        at = count;
      }
      sectors[at - 1].second |= 1U << byte % AccessPattern::kSectorBytes;
    }
  }
  ++pattern.global_requests;
  pattern.global_sectors += count;
  for (std::size_t i = 0; i < count; ++i) {
    pattern.global_bytes += static_cast<std::uint64_t>(std::popcount(sectors[i].second));
  }
}

/// Lanes go together as far as their bytes fill the banks once; of those, two different words of
/// one bank take two passes, the same word one.
void count_shared(const Request& request) {
  const std::size_t words_of_lane = (request.bytes + kBankBytes - 1) / kBankBytes;
  const std::size_t together = std::max<std::size_t>(1, kBanks / words_of_lane);
  std::uint64_t passes = 0, least = 0;
  for (std::size_t first = 0; first < kWarpSize; first += together) {
    std::array<std::vector<std::uintptr_t>, kBanks> words;
    for (std::size_t lane = first; lane < std::min<std::size_t>(first + together, kWarpSize);
         ++lane) {
      if ((request.lanes >> lane & 1) == 0) continue;
      const auto word = reinterpret_cast<std::uintptr_t>(request.address[lane]) / kBankBytes;
      for (std::uintptr_t w = word; w < word + words_of_lane; ++w) {
        auto& of_bank = words[w % kBanks];
        if (std::find(of_bank.begin(), of_bank.end(), w) == of_bank.end()) of_bank.push_back(w);
      }
    }
    std::size_t most = 0;
    for (const auto& of_bank : words) most = std::max(most, of_bank.size());
    passes += most;
    least += most > 0 ? 1 : 0;
  }
  ++pattern.shared_requests;
  pattern.shared_passes += passes;
  pattern.shared_least += least;
}

void close(const Request& request, int warp) {
  request.shared ? count_shared(request) : count_global(request);
  pattern.lanes += static_cast<std::uint64_t>(std::popcount(request.lanes));
  pattern.diverged += request.lanes != lanes_of_warp(warp) ? 1 : 0;
}

}  // namespace

void count_access(const void* p, std::size_t bytes, Code code, bool write) {
  const auto* const byte = static_cast<const char*>(p);
  const bool shared = static_cast<std::size_t>(byte - state.shared_base) < SharedMemory::kCapacity;
  // threadIdx and its kind are variables here, and no memory there.
  if (!shared && state.ranges.find(p) == nullptr) return;
  const Pause pause;
  const int thread = machine.current->linear;
  const int warp = thread / kWarpSize;
  const std::uint64_t place = std::uint64_t{code} << 1 | (write ? 1 : 0);
  const std::uint32_t visit = visits[static_cast<std::size_t>(thread)][place]++;
  // Places take 33 bits and warps 5; what a warp does at one place 2^26 times counts as done
  // before.
  const std::uint64_t key =
      place << 31 | static_cast<std::uint64_t>(warp) << 26 | (visit & ((1U << 26) - 1));
  Request& request = open_requests[key];
  request.lanes |= 1U << thread % kWarpSize;
  request.shared = shared;
  request.bytes = std::max(request.bytes, bytes);
  request.address[static_cast<std::size_t>(thread % kWarpSize)] = byte;
  if (request.lanes != lanes_of_warp(warp)) return;
  close(request, warp);
  open_requests.erase(key);
}

void count_block() {
  const Pause pause;
  for (const auto& [key, request] : open_requests) {
    close(request, static_cast<int>(key >> 26) % kMaxWarps);
  }
  open_requests.clear();
  for (auto& of_thread : visits) of_thread.clear();
}

}  // namespace attest::simt::check

namespace attest::simt {

void count_accesses(bool on) {
  check::counting = on;
  if (!on) return;
  check::count_block();
  check::pattern = {};
}

const AccessPattern& access_pattern() {
  check::count_block();
  return check::pattern;
}

}  // namespace attest::simt
