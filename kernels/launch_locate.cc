// Launch::locate(): addresses in words.
#include <string>

#include <fmt/format.h>

#include "kernels/launch.h"

namespace attest::kernels {
namespace {

// An address further from all buffers than this has nothing to do with any of them.
constexpr std::uint64_t kFar = std::uint64_t{64} << 20;

std::string bytes_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits + (count == 1 ? " byte" : " bytes");
}

const char* name_of(Role role) {
  switch (role) {
    case Role::kInput:
      return "input";
    case Role::kOutput:
      return "output";
    case Role::kUpdated:
      return "updated";
    case Role::kScratch:
      break;
  }
  return "workspace";
}

}  // namespace

std::optional<std::string> Launch::locate(std::uint64_t address) const {
  const Buffer* nearest = nullptr;
  std::uint64_t distance = kFar;
  for (const Buffer& b : buffers_) {
    const auto begin = reinterpret_cast<std::uint64_t>(b.data);
    const std::uint64_t end = begin + b.bytes;
    const std::uint64_t away = address < begin ? begin - address
                               : address < end ? 0
                                               : address - end + 1;
    if (away >= distance) continue;
    distance = away;
    nearest = &b;
  }
  if (nearest == nullptr) return std::nullopt;
  const std::string what =
      fmt::format("{} ({}, {})", nearest->name, name_of(nearest->role), bytes_text(nearest->bytes));
  const auto begin = reinterpret_cast<std::uint64_t>(nearest->data);
  if (distance == 0) return fmt::format("{} into {}", bytes_text(address - begin), what);
  if (address < begin) return fmt::format("{} before {}", bytes_text(distance), what);
  if (distance == 1) return "right behind " + what;
  return fmt::format("{} past the end of {}", bytes_text(distance - 1), what);
}

}  // namespace attest::kernels
